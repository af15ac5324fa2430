import Synchronization
import Testing

@testable import Multiprocessing

/// An error whose decoding waits for a task of the pool.
struct NosyFailure: Error, Codable {
  static let pool = Mutex<ProcessPool?>(nil)
  var text = "text"

  init() {}

  init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
    if let pool = Self.pool.withLock({ $0 }) { text = try pool.blocking.run { "answered" } }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// A task that asks its pool for another when it is cancelled.
struct LastWish: ProcessTask {
  static let pool = Mutex<ThreadPool?>(nil)
  static let answer = Mutex<Int?>(nil)

  func run() async throws {
    try await withTaskCancellationHandler {
      try await Task.sleep(for: .seconds(100))
    } onCancel: {
      let pool = Self.pool.withLock { $0 }
      let answer = try? pool?.blocking.run { 5 }
      Self.answer.withLock { $0 = answer }
    }
  }
}

/// The pool goes on while code of its user's runs, wherever it is called.
/// Asks a pool for a task when it ends.
private final class LastQuestion: Sendable {
  let pool: ProcessPool

  init(_ pool: ProcessPool) { self.pool = pool }

  deinit { _ = try? pool.blocking.run { 1 } }
}

@Suite(.isolated) struct UserCodeTests {
  @Test func `what a completion handler holds may end with a question to the pool`() async throws {
    try await withProcessPool(workers: 2) { pool in
      for round in 0..<30 {
        let question = LastQuestion(pool)
        let task = try pool.submit(round) { $0 }
        task.onCompletion { _ in withExtendedLifetime(question) {} }
        try await expectEqual(task.value, round)
      }
    }
  }

  @Test func `the decoding of an error may wait for a task of the pool`() async throws {
    try await withWorkers(2) { pool in
      NosyFailure.pool.withLock { $0 = pool }
      defer { NosyFailure.pool.withLock { $0 = nil } }
      let ran = await #expect(throws: NosyFailure.self) { try await pool.run { throw NosyFailure() } }
      let mapped = await #expect(throws: NosyFailure.self) {
        try await pool.map([1]) { _ in throw NosyFailure() }
      }
      let streamed = await #expect(throws: NosyFailure.self) {
        for try await _ in pool.stream([1], { _ -> Int in throw NosyFailure() }) {}
      }
      #expect([ran, mapped, streamed].map { $0?.text } == ["answered", "answered", "answered"])
    }
  }

  @Test func `a cancellation handler may wait for a task of its pool`() async throws {
    let pool = try ThreadPool(threads: 2)
    LastWish.pool.withLock { $0 = pool }
    let task = try pool.submit(LastWish())
    #expect(await eventually { task.isRunning })
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    for _ in 0..<1000 where LastWish.answer.withLock({ $0 }) == nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(LastWish.answer.withLock { $0 } == 5)
    LastWish.pool.withLock { $0 = nil }
    await pool.terminate()
  }
}
