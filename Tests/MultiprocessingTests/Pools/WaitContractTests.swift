import Testing

@testable import Multiprocessing

@Suite(.isolated) struct WaitContractTests {
  @Test(arguments: PoolKind.allCases)
  func `all are waited for, failures too, and each is told once`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let tasks = [
        try pool.submit(Nap(milliseconds: 50, answer: 1)), try pool.submit(Failing()),
        try pool.submit(Nap(milliseconds: 0, answer: 2)),
      ]
      let (done, pending) = try await (tasks + tasks).waitForTasks()
      #expect(done.map(ObjectIdentifier.init) == tasks.map(ObjectIdentifier.init))
      #expect(pending.isEmpty)
    }
  }

  @Test(arguments: PoolKind.parallel)
  func `the first to finish ends the wait`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let tasks = [try pool.submit(Nap()), try pool.submit(Nap(milliseconds: 50, answer: 1))]
      let (done, pending) = try await tasks.waitForTasks(until: .firstCompleted)
      #expect(done.map(ObjectIdentifier.init) == [ObjectIdentifier(tasks[1])])
      #expect(pending.map(ObjectIdentifier.init) == [ObjectIdentifier(tasks[0])])
      // At once when one is done already.
      let again = try await tasks.waitForTasks(until: .firstCompleted)
      #expect(again.done.count == 1 && again.pending.count == 1)
    }
  }

  @Test(arguments: PoolKind.parallel)
  func `the first failure ends the wait, a cancelled task does not`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let endless = try pool.submit(Nap())
      let cancelled = try pool.submit(Nap(answer: 1))
      cancelled.cancel()
      let tasks = [endless, cancelled, try pool.submit(Nap(milliseconds: 20)), try pool.submit(Failing())]
      let (done, pending) = try await tasks.waitForTasks(until: .firstError)
      #expect(done.map(ObjectIdentifier.init) == tasks.dropFirst().map(ObjectIdentifier.init))
      #expect(pending.map(ObjectIdentifier.init) == [ObjectIdentifier(endless)])
      let again = try await tasks.waitForTasks(until: .firstError)
      #expect(again.done.count == 3 && again.pending.count == 1)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `without a failure the wait for one ends with the last`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let tasks = try (0..<3).map { try pool.submit(Nap(milliseconds: 10, answer: $0)) }
      let (done, pending) = try await tasks.waitForTasks(until: .firstError)
      #expect(done.count == 3 && pending.isEmpty)
    }
  }

  @Test(arguments: PoolKind.allCases, [WaitCondition.firstCompleted, .firstError, .allCompleted])
  func `the time for the wait parts the done from the others`(kind: PoolKind, condition: WaitCondition) async throws {
    try await kind.withPool(workers: 1) { pool in
      let tasks = try await TasksInEachState(pool)
      let waiting = [tasks.running, tasks.queued]
      let (done, pending) = try await waiting.waitForTasks(until: condition, timeout: .milliseconds(30))
      #expect(done.isEmpty && pending.count == 2)
      let all = try await tasks.all.waitForTasks(until: .allCompleted, timeout: .milliseconds(30))
      #expect(all.done.count == 3 && all.pending.count == 2)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `nothing to wait for is no wait`(kind: PoolKind) async throws {
    let none: [PoolTask<Int>] = []
    let (done, pending) = try await none.waitForTasks(until: .firstCompleted)
    #expect(done.isEmpty && pending.isEmpty)
    for try await task in none.asCompleted() { Issue.record("\(task)") }
  }

  @Test(arguments: PoolKind.allCases)
  func `a cancelled wait leaves the tasks alone`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let gate = try Event()
      let task = try pool.submit(Gated(answer: 6, gate: gate))
      let waiter = Task { try await [task].waitForTasks().done.count }
      waiter.cancel()
      await #expect(throws: CancellationError.self) { _ = try await waiter.value }
      gate.set()
      try await expectEqual(task.value, 6)
    }
  }
}
