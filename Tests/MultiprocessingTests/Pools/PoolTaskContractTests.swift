import Synchronization
import Testing

@testable import Multiprocessing

/// What completion handlers were told.
final class Told: Sendable {
  private let kept = Mutex<[String]>([])
  var all: [String] { kept.withLock { $0 } }

  func tell(_ text: String) { kept.withLock { $0.append(text) } }

  func tell(_ result: Result<Int, any Error>) {
    switch result {
    case .success(let value): tell("\(value)")
    case .failure(let error as CodableFailure): tell(error.reason)
    case .failure(let error): tell(error is CancellationError ? "cancelled" : "\(error)")
    }
  }
}

/// One task in each state, with one worker that is busy.
struct TasksInEachState {
  let succeeded, failed, cancelled, running, queued: PoolTask<Int>
  var all: [PoolTask<Int>] { [succeeded, failed, cancelled, running, queued] }

  init(_ pool: some WorkerPool) async throws {
    succeeded = try pool.submit(Nap(milliseconds: 0, answer: 42))
    failed = try pool.submit(Failing())
    _ = try await succeeded.value
    _ = try? await failed.value
    let running = try pool.submit(Nap())
    #expect(await eventually { running.isRunning })
    self.running = running
    queued = try pool.submit(Nap())
    let cancelled = try pool.submit(Nap())
    cancelled.cancel()
    #expect(await eventually { cancelled.isDone })
    self.cancelled = cancelled
  }
}

@Suite(.isolated) struct PoolTaskContractTests {
  @Test(arguments: PoolKind.allCases)
  func `a task tells whether it is done, running or cancelled`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 1) { pool in
      let tasks = try await TasksInEachState(pool)
      #expect(tasks.all.map(\.isDone) == [true, true, true, false, false])
      #expect(tasks.all.map(\.isRunning) == [false, false, false, true, false])
      #expect(tasks.all.map(\.isCancelled) == [false, false, true, false, false])
      for task in tasks.all { task.cancel() }
      #expect(await eventually { tasks.all.allSatisfy(\.isDone) })
      #expect(tasks.all.map(\.isCancelled) == [false, false, true, true, true])
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `waiting for a value ends with the time, and the task goes on`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 1) { pool in
      let tasks = try await TasksInEachState(pool)
      try await expectEqual(tasks.succeeded.value(timeout: .zero), 42)
      await #expect(throws: CodableFailure.self) { _ = try await tasks.failed.value(timeout: .zero) }
      await #expect(throws: CancellationError.self) { _ = try await tasks.cancelled.value(timeout: .zero) }
      for task in [tasks.running, tasks.queued] {
        #expect(await code { _ = try await task.value(timeout: .zero) } == .timedOut)
        #expect(await code { _ = try await task.value(timeout: .milliseconds(20)) } == .timedOut)
        #expect(!task.isDone)
      }
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `everybody who waits gets the same outcome, and later ones too`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let task = try pool.submit(Nap(milliseconds: 100, answer: 3))
      let waiters = (0..<5).map { _ in Task { try await task.value } }
      for waiter in waiters { try await expectEqual(waiter.value, 3) }
      task.cancel()
      try await expectEqual(task.value, 3)
      #expect(!task.isCancelled)
      let doomed = try pool.submit(Nap())
      let waiter = Task { try await doomed.value }
      doomed.cancel()
      await #expect(throws: CancellationError.self) { _ = try await waiter.value }
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `cancelling the one who waits does not cancel the task`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let gate = try Event()
      let task = try pool.submit(Gated(answer: 8, gate: gate))
      let waiter = Task { try await task.value }
      waiter.cancel()
      await #expect(throws: CancellationError.self) { _ = try await waiter.value }
      #expect(!task.isCancelled)
      gate.set()
      try await expectEqual(task.value, 8)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `completion is told once, also to those who ask late`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 1) { pool in
      let told = Told()
      let tasks = [
        try pool.submit(Nap(milliseconds: 20, answer: 5)), try pool.submit(Failing()), try pool.submit(Nap()),
      ]
      for task in tasks { task.onCompletion(told.tell) }
      tasks[2].cancel()
      #expect(await eventually { told.all.count == 3 })
      #expect(Set(told.all) == ["5", "wanted", "cancelled"])
      for task in tasks { task.onCompletion(told.tell) }
      #expect(await eventually { told.all.count == 6 })
      #expect(Set(told.all.suffix(3)) == ["5", "wanted", "cancelled"])
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `tasks come as they finish, each once`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 1) { pool in
      let tasks = try await TasksInEachState(pool)
      tasks.running.cancel()
      tasks.queued.cancel()
      var finished: [ObjectIdentifier] = []
      for try await task in (tasks.all + tasks.all + [tasks.succeeded]).asCompleted() {
        #expect(task.isDone)
        finished.append(ObjectIdentifier(task))
      }
      #expect(finished.count == 5)
      #expect(Set(finished) == Set(tasks.all.map(ObjectIdentifier.init)))
    }
  }

  @Test(arguments: PoolKind.allCases, [0, 100])
  func `the time for the iteration ends it and tells how many are unfinished`(
    kind: PoolKind, milliseconds: Int
  ) async throws {
    try await kind.withPool(workers: 1) { pool in
      let tasks = try await TasksInEachState(pool)
      var count = 0
      let thrown = await #expect(throws: MultiprocessingError.self) {
        for try await task in tasks.all.dropFirst().asCompleted(timeout: .milliseconds(milliseconds)) {
          #expect(task.isDone)
          count += 1
        }
      }
      #expect(count == 2)
      #expect(thrown?.code == .timedOut)
      #expect(thrown?.message.hasPrefix("2 (of 4) tasks unfinished") == true, "\(thrown?.message ?? "")")
      #expect(!tasks.running.isDone)
    }
  }
}
