import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct WaitForAnyTests {
  @Test(arguments: StartMethod.available)
  func `a child is ready when it has ended and not before`(method: StartMethod) async throws {
    let child =
      method == .fork
      ? try ChildProcess.fork { sleep(100) }
      : try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    #expect(try await waitForAny(of: [child], timeout: .zero).isEmpty)
    #expect(try await waitForAny(of: [child], timeout: .milliseconds(30)).isEmpty)
    try child.kill()
    let ready = try await waitForAny(of: [child])
    #expect(ready.count == 1 && ready.first === child)
    try await child.join()
    #expect(try await waitForAny(of: [child], timeout: .zero).count == 1)
  }

  @Test func `negative and zero timeouts only look`() async throws {
    let pipe = Pipe()
    let reader = DescriptorWaiter(fileDescriptor: pipe.fileHandleForReading.fileDescriptor)
    #expect(try await waitForAny(of: [reader], timeout: .seconds(-1)).isEmpty)
    #expect(try await waitForAny(of: [reader], timeout: .zero).isEmpty)
    pipe.fileHandleForWriting.write(Data([1]))
    #expect(try await waitForAny(of: [reader], timeout: .seconds(-1)).count == 1)
  }

  @Test func `a timeout passes in full, also for an empty list`() async throws {
    let start = ContinuousClock.now
    #expect(try await waitForAny(of: [], timeout: .milliseconds(60)).isEmpty)
    #expect(ContinuousClock.now - start >= .milliseconds(60))
  }

  @Test func `children and descriptors mix, and come back in the order given`() async throws {
    let pipes = (0..<3).map { _ in Pipe() }
    defer { withExtendedLifetime(pipes) {} }
    let readers = pipes.map { DescriptorWaiter(fileDescriptor: $0.fileHandleForReading.fileDescriptor) }
    let ended = try ChildProcess.start {}
    try await ended.join()
    let running = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    pipes[2].fileHandleForWriting.write(Data([1]))
    try pipes[0].fileHandleForWriting.close()  // the end of a pipe is ready too
    let all: [any Waitable] = [readers[2], running, ended, readers[1], readers[0], readers[2]]
    let ready = try await waitForAny(of: all, timeout: .seconds(50))
    #expect(ready.map(ObjectIdentifier.init) == [readers[2], ended, readers[0], readers[2]].map(ObjectIdentifier.init))
    try running.kill()
    try await running.join()
  }

  @Test func `the first of several sleepers wakes the wait`() async throws {
    let long = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    let short = try ChildProcess.start { try await Task.sleep(for: .milliseconds(50)) }
    let ready = try await waitForAny(of: [long, short], timeout: .seconds(50))
    #expect(ready.count == 1 && ready.first === short)
    try long.kill()
    try await long.join()
  }

  @Test func `lines of many writers are all received`() async throws {
    let pipes = (0..<4).map { _ in Pipe() }
    let numbers = pipes.map(\.fileHandleForWriting.fileDescriptor)
    let writers = try numbers.map { number in
      try ChildProcess.fork {
        for value in 0..<10 as Range<UInt8> {
          _ = withUnsafeBytes(of: value) { write(number, $0.baseAddress!, 1) }
          usleep(useconds_t(value) * 500)
        }
      }
    }
    for pipe in pipes { try pipe.fileHandleForWriting.close() }
    var open = Dictionary(
      uniqueKeysWithValues: pipes.map { pipe in
        let waiter = DescriptorWaiter(fileDescriptor: pipe.fileHandleForReading.fileDescriptor)
        return (ObjectIdentifier(waiter), (waiter, pipe.fileHandleForReading))
      })
    var received: [UInt8] = []
    while !open.isEmpty {
      for ready in try await waitForAny(of: open.values.map(\.0)) {
        let key = ObjectIdentifier(ready)
        let data = open[key]?.1.availableData ?? Data()
        received += data
        if data.isEmpty { open[key] = nil }
      }
    }
    #expect(received.sorted() == (0..<10).flatMap { [UInt8](repeating: $0, count: 4) })
    for writer in writers { try await writer.join() }
  }

  @Test func `a descriptor that is not open is an error and no crash`() async throws {
    for number in [-1, 999_999] as [Int32] {
      let error = try await #require(throws: MultiprocessingError.self) {
        _ = try await waitForAny(of: [DescriptorWaiter(fileDescriptor: number)], timeout: .seconds(50))
      }
      #expect(error.code == .invalidArgument)
    }
  }

  @Test func `cancelling the task ends the wait`() async throws {
    let child = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    let wait = Task { try await waitForAny(of: [child]).count }
    try await Task.sleep(for: .milliseconds(20))
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    #expect(child.isAlive)
    try child.kill()
    try await child.join()
  }
}
