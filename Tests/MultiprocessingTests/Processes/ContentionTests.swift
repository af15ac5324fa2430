import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// A lock that the main thread of a child and other threads want at the same time. A copy's main thread inherits
/// variables of the thread that made it, among them thread ids by which Swift's locks know their owner.
@Suite(.isolated) struct ContentionTests {
  static let counter = Mutex(0)
  static let rounds = 20_000

  private static func count() {
    for _ in 0..<rounds { counter.withLock { $0 += 1 } }
  }

  @Test(arguments: StartMethod.forTasks)
  func `the main actor and tasks of a child share a lock`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { () -> Int in
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { ContentionTests.count() } }
        await MainActor.run { ContentionTests.count() }
      }
      return ContentionTests.counter.withLock { $0 }
    }
    #expect(try await child.value == 4 * Self.rounds)
  }

  @Test func `a forked copy shares a lock with threads of its own`() async throws {
    Self.counter.withLock { $0 = 0 }
    let child = try ChildProcess.fork { () -> Int in
      let done = DispatchSemaphore(value: 0)
      for _ in 0..<2 {
        Thread {
          ContentionTests.count()
          done.signal()
        }.start()
      }
      ContentionTests.count()
      done.wait()
      done.wait()
      return ContentionTests.counter.withLock { $0 }
    }
    #expect(try await child.value == 3 * Self.rounds)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child without descriptors goes on, and serves the main actor when there are some again`(
    method: StartMethod
  ) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { () -> Bool in
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let usual = limit.rlim_cur
      limit.rlim_cur = 0
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      // Long enough for the main thread to want a descriptor of its own.
      usleep(20_000)
      limit.rlim_cur = usual
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      return await MainActor.run { Thread.isMainThread }
    }
    #expect(try await child.value)
    #expect(try await child.join() == .exited(0))
  }

  /// The runtime's own lock for what is initialised once.
  @Test(arguments: StartMethod.forTasks)
  func `what is made once is made once, whichever thread comes first`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { () -> [Int] in
      async let other = Slow.value
      let own = await MainActor.run { Slow.value }
      return await [own, other]
    }
    #expect(try await child.value == [1, 1])
  }
}

private enum Slow {
  static let calls = Mutex(0)
  static let value: Int = {
    Thread.sleep(forTimeInterval: 0.05)
    return calls.withLock {
      $0 += 1
      return $0
    }
  }()
}
