import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Queues among what `waitForAny` waits for.
@Suite(.isolated) struct QueueWaitTests {
  @Test func `a queue is ready when it has an element, and at its end`() async throws {
    let queue = try Queue<Int>()
    #expect(try await waitForAny(of: [queue], timeout: .zero).isEmpty)
    #expect(try await waitForAny(of: [queue], timeout: .milliseconds(20)).isEmpty)
    let wait = Task { try await waitForAny(of: [queue]).count }
    try await Task.sleep(for: .milliseconds(20))
    try await queue.put(1)
    #expect(try await wait.value == 1)
    #expect(try await waitForAny(of: [queue, queue]).count == 2)
    #expect(try await queue.get() == 1)
    #expect(try await waitForAny(of: [queue], timeout: .zero).isEmpty)
    let end = Task { try await waitForAny(of: [queue]).count }
    try await Task.sleep(for: .milliseconds(20))
    queue.finish()
    #expect(try await end.value == 1)
  }

  @Test func `children, queues and descriptors mix, and come back in the order given`() async throws {
    let (full, empty, pipe) = (try Queue<String>(), try Queue<Int>(), Pipe())
    let reader = DescriptorWaiter(fileDescriptor: pipe.fileHandleForReading.fileDescriptor)
    let child = try ChildProcess.start(full) { full in
      try await full.put("x")
      try await Task.sleep(for: .seconds(100))
    }
    let all: [any Waitable] = [empty, reader, full, child]
    var ready = try await waitForAny(of: all, timeout: .seconds(50))
    #expect(ready.map(ObjectIdentifier.init) == [ObjectIdentifier(full)])
    _ = try await full.get()
    let wait = Task { try await waitForAny(of: all).map(ObjectIdentifier.init) }
    try await Task.sleep(for: .milliseconds(20))
    pipe.fileHandleForWriting.write(Data([1]))
    #expect(try await wait.value == [ObjectIdentifier(reader)])
    try child.kill()
    try await child.join()
    try await empty.put(1)
    ready = try await waitForAny(of: all, timeout: .seconds(50))
    #expect(ready.map(ObjectIdentifier.init) == [empty, reader, child].map(ObjectIdentifier.init))
  }

  @Test func `who only watches leaves the element and the wake-up to who takes`() async throws {
    for _ in 0..<50 {
      let queue = try Queue<Int>()
      let watches = (0..<2).map { _ in Task { try await waitForAny(of: [queue]).count } }
      let get = Task { try await queue.get() }
      let thread = Task.detached { try blockingGet(queue, timeout: .seconds(50)) }
      let other = Task { try await waitForAny(of: [queue]).count }
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...3)))
      try await queue.put(1)
      try await queue.put(2)
      #expect(try await get.value + thread.value == 3)
      queue.finish()
      for watch in watches + [other] { #expect(try await watch.value == 1) }
    }
  }

  @Test func `hundreds of queues and descriptors are waited for together`() async throws {
    let queues = try (0..<200).map { _ in try Queue<Int>() }
    let pipe = Pipe()
    let readers = (0..<500).map { _ in DescriptorWaiter(fileDescriptor: pipe.fileHandleForReading.fileDescriptor) }
    let all: [any Waitable] = queues + readers
    for index in [0, 199, 57] {
      let wait = Task { try await waitForAny(of: all) }
      try await Task.sleep(for: .milliseconds(10))
      try await queues[index].put(index)
      let ready = try await wait.value
      #expect(ready.map(ObjectIdentifier.init) == [ObjectIdentifier(queues[index])])
      _ = try await queues[index].get()
    }
    pipe.fileHandleForWriting.write(Data([1]))
    #expect(try await waitForAny(of: all).count == 500)
  }

  @Test func `a wait that ends passes its wake-up on to who is just about to sleep`() async throws {
    let queue = try Queue<Int>()
    let bell = queue.core.words.items
    let wait = Task { try await waitForAny(of: [queue]).count }
    try await Task.sleep(for: .milliseconds(20))
    // Has announced itself and looked, and does not sleep yet: a wake-up cannot reach it, a change of the bell does.
    let announced = bell.announce()
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    #expect(await eventually { bell.word.load() != announced })
  }

  @Test func `a cancelled wait leaves the queue as it was`() async throws {
    let queue = try Queue<Int>()
    let wait = Task { try await waitForAny(of: [queue]).count }
    try await Task.sleep(for: .milliseconds(20))
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    let get = Task { try await queue.get() }
    try await Task.sleep(for: .milliseconds(10))
    try await queue.put(5)
    #expect(try await get.value == 5)
  }
}
