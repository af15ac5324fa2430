import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// One test at a time, under a watchdog, and nothing left behind: for every test that starts processes.
///
/// Swift Testing runs suites of one process side by side. Children and descriptors belong to the whole process, so a
/// leak of one test would be found in another; `.serialized` orders the tests of one suite only, and the time limit of
/// the framework would count the wait for the others. Therefore a trait of our own with one lock for all suites that
/// carry it. Tests without it (codec, progress) go on meanwhile; they start no processes, and what they open for a
/// moment is gone before the check gives up.
struct Isolation: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  @concurrent func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
  ) async throws {
    await Turn.shared.take()
    defer { Turn.shared.give() }
    try await ResidentParts.start()
    // The test before may have killed it.
    _ = try ForkServerConnection.current.server()
    let watchdog = Watchdog(of: test.displayName ?? test.name)
    defer { watchdog.stop() }
    let start = ContinuousClock.now
    try await expectNoLeaks { try await function() }
    Self.report(test, testCase, start.duration(to: .now))
  }

  /// The times that the framework prints have the wait for the others in them.
  private static func report(_ test: Test, _ testCase: Test.Case?, _ time: Duration) {
    if testCase != nil, time > .seconds(2) { print("alone for \(time): \(test.displayName ?? test.name)") }
  }
}

extension Trait where Self == Isolation {
  /// Runs the test alone among those that start processes, and checks what it leaves.
  static var isolated: Isolation { Isolation() }
}

/// What the library keeps for the life of the process: started before the first count, so that no test is blamed.
enum ResidentParts {
  private static let started = Task {
    // The first sleep in this process gives Dispatch its timer; long enough not to be over before it is set.
    try await Task.sleep(for: .milliseconds(50))
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(context: ProcessContext(method)) {}
      _ = try await waitForAny(of: [child])
      try await child.join()
    }
  }

  static func start() async throws { try await started.value }
}

/// A lock in order of arrival that suspends and does not block.
private final class Turn: Sendable {
  static let shared = Turn()

  private struct State {
    var isTaken = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func take() async {
    await withCheckedContinuation { continuation in
      let isOurs = state.withLock { state in
        if state.isTaken { state.waiting.append(continuation) }
        defer { state.isTaken = true }
        return !state.isTaken
      }
      if isOurs { continuation.resume() }
    }
  }

  func give() {
    let next = state.withLock { state in
      if state.waiting.isEmpty { state.isTaken = false }
      return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
    }
    next?.resume()
  }
}
