import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct ForkTests {
  @Test func `a forked copy has all that the closure captures`() async throws {
    let numbers = Array(0..<1000)
    var text = "before"
    let child = try ChildProcess.fork { "\(text) \(numbers.reduce(0, +))" }
    text = "after"
    #expect(try await child.value == "before 499500")
    #expect(text == "after")
  }

  @Test func `what the copy changes stays in the copy`() async throws {
    var numbers = [1, 2, 3]
    let child = try ChildProcess.fork { () -> [Int] in
      numbers.append(4)
      return numbers
    }
    #expect(try await child.value == [1, 2, 3, 4])
    #expect(numbers == [1, 2, 3])
  }

  @Test func `errors, exits and results that cannot be encoded arrive as from any child`() async throws {
    let throwing = try ChildProcess.fork { () -> Int in throw CodableFailure(reason: "copy", places: [1]) }
    await #expect(throws: CodableFailure(reason: "copy", places: [1])) { try await throwing.value }
    let leaving = try ChildProcess.fork { () -> Int in _exit(4) }
    #expect(try await failure(of: leaving).terminationStatus == .exited(4))
    let unwritten = try ChildProcess.fork { Unencodable() }
    #expect(try await failure(of: unwritten).code == .notTransferable)
  }

  @Test func `a copy is terminated, killed and interrupted`() async throws {
    let terminated = try ChildProcess.fork { sleep(100) }
    try terminated.terminate()
    #expect(try await terminated.join() == .signaled(SIGTERM))
    let killed = try ChildProcess.fork { sleep(100) }
    try killed.kill()
    #expect(try await killed.join() == .signaled(SIGKILL))
  }

  @Test func `a copy has no hold on its parent's children and pools, and does them no harm`() async throws {
    let pool = try ProcessPool(workers: 1)
    try await expectEqual(pool.run { 1 }, 1)
    let task = try pool.submit(Nap(milliseconds: 200))
    let sibling = try ChildProcess.start { _ = sleep(100) }
    let threads = try ThreadPool(threads: 1)
    try await expectEqual(threads.run { 1 }, 1)
    let copy = try ChildProcess.fork { () -> [String] in
      func code(_ body: () throws -> Void) -> String {
        do { try body() } catch let error as MultiprocessingError { return "\(error.code)" } catch { return "\(error)" }
        return "none"
      }
      let codes = [
        code { _ = try pool.blocking.run { 2 } }, code { _ = try pool.blocking.map(0..<1000) { $0 } },
        code { _ = try pool.submit { 3 } }, code { try pool.blocking.join() }, code { _ = try task.blocking.value() },
        code { _ = try threads.blocking.run { 4 } }, code { _ = try sibling.blocking.value() },
        code { try sibling.blocking.join() }, code { _ = try sibling.blocking.join(timeout: .zero) },
        code { try sibling.interrupt() }, code { try sibling.terminate() }, code { try sibling.kill() },
      ]
      task.cancel()
      pool.cancelAll()
      pool.close()
      pool.blocking.terminate()
      return codes + ["\(sibling.isAlive)"]
    }
    let found = try await copy.value
    #expect(found == Array(repeating: "unsupported", count: 12) + ["true"])
    try await copy.join()
    _ = try await task.value
    try await expectEqual(pool.map(0..<100) { $0 + 1 }, Array(1...100))
    #expect(sibling.isAlive)
    try sibling.kill()
    try await sibling.join()
    await pool.terminate()
    await threads.terminate()
  }

  @Test func `a hundred copies`() async throws {
    let children = try (0..<100).map { number in try ChildProcess.fork { number * 2 } }
    for (number, child) in children.enumerated() {
      #expect(try await child.value == number * 2)
      #expect(try await child.join() == .exited(0))
    }
  }

  // A thread that is not asleep may hold a lock of Swift's runtime, which the copy would wait for: for ever.
  @Test func `a copy is made while the threads of the library sleep`() async throws {
    let isBusy = Flag()
    for _ in 0..<20 {
      _ = try Reactor.shared.schedule(at: .now) {
        isBusy.value.store(true, ordering: .sequentiallyConsistent)
        usleep(10_000)
        isBusy.value.store(false, ordering: .sequentiallyConsistent)
      }
      while !isBusy.value.load(ordering: .sequentiallyConsistent) { usleep(100) }
      let child = try ChildProcess.fork { isBusy.value.load(ordering: .sequentiallyConsistent) }
      #expect(try await child.value == false)
    }
  }

  @Test func `a thread of the library that does not come to sleep cannot keep a copy from being made`() async throws {
    let (isBusy, end) = (Flag(), DispatchSemaphore(value: 0))
    _ = try Reactor.shared.schedule(at: .now) {
      isBusy.value.store(true, ordering: .sequentiallyConsistent)
      end.wait()
    }
    while !isBusy.value.load(ordering: .sequentiallyConsistent) { usleep(100) }
    let child = try ChildProcess.fork { 5 }
    end.signal()
    #expect(try await child.value == 5)
  }

  @Test func `a thread of the library may make a copy itself`() async throws {
    let made = Completion<Result<ChildProcess<Int>, any Error>>()
    _ = try Reactor.shared.schedule(at: .now) { made.resolve(Result { try ChildProcess.fork { 6 } }) }
    #expect(try await made.wait().get().value == 6)
  }

  /// Each depth is a type that nobody has used before.
  private struct Deep<Other: Codable & Sendable>: Codable, Sendable {
    var number: Int
  }
  private struct DeepText<Other: Codable & Sendable>: Codable, Sendable {
    var number: Int
    var text = "text"
  }

  private func forkWithNewTypes<Other: Codable & Sendable>(_ type: Other.Type, _ depth: Int) throws {
    if depth == 0 { return }
    let (bytes, text) = (
      try ChildProcess.fork { Deep<Other>(number: depth) }, try ChildProcess.fork { DeepText<Other>(number: depth) }
    )
    #expect(try bytes.blocking.value().number == depth)
    #expect(try text.blocking.value().number == depth)
    try forkWithNewTypes(Deep<Other>.self, depth - 1)
  }

  @Test func `copies that threads make beside each other answer with types used for the first time`() async throws {
    let threads: [@Sendable () throws -> Void] = [
      { try forkWithNewTypes(Int.self, 20) }, { try forkWithNewTypes(String.self, 20) },
      { try forkWithNewTypes([Int].self, 20) }, { try forkWithNewTypes(Double.self, 20) },
    ]
    let ends = threads.map { body in
      let end = Completion<Result<Void, any Error>>()
      Thread.detachNewThread { end.resolve(Result { try body() }) }
      return end
    }
    for end in ends { try await end.wait().get() }
  }

  private final class Flag: Sendable {
    let value = Atomic<Bool>(false)
  }
}
