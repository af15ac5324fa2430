import Testing

@testable import Multiprocessing

@Suite(.isolated) struct EndContractTests {
  @Test(arguments: PoolKind.allCases)
  func `what was submitted before close finishes, and join waits for it`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let tasks = try (0..<50).map { try pool.submit(Nap(milliseconds: 1, answer: $0)) }
      pool.close()
      try await pool.join()
      #expect(await eventually { tasks.allSatisfy(\.isDone) })
      for (number, task) in tasks.enumerated() { try await expectEqual(task.value, number) }
    }
  }

  @Test(arguments: PoolKind.allCases, [false, true])
  func `a closed or terminated pool takes no more work`(kind: PoolKind, isTerminated: Bool) async throws {
    try await kind.withPool { pool in
      try await expectEqual(pool.run { 1 }, 1)
      if isTerminated { await pool.terminate() } else { pool.close() }
      let codes = [
        await code { _ = try await pool.run { 1 } }, await code { _ = try pool.submit { 1 } },
        await code { _ = try await pool.map([1]) { $0 } }, await code { _ = try await pool.map([Int]()) { $0 } },
        await code { for try await _ in pool.stream([1], { $0 }) {} }, await code { try await pool.broadcast {} },
      ]
      #expect(codes == Array(repeating: .closed, count: 6))
      try await pool.join()
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `closing right after many submissions loses none`(kind: PoolKind) async throws {
    for _ in 0..<5 {
      try await kind.withPool(workers: 3) { pool in
        let tasks = try (0..<4).map { number in try pool.submit(number) { $0 } }
        pool.close()
        try await pool.join()
        for (number, task) in tasks.enumerated() { try await expectEqual(task.value, number) }
      }
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `join before close is refused`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      #expect(await code { try await pool.join() } == .invalidArgument)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a cancelled join leaves the pool to its work`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let gate = try Event()
      let task = try pool.submit(Gated(answer: 4, gate: gate))
      pool.close()
      let join = Task { try await pool.join() }
      join.cancel()
      await #expect(throws: CancellationError.self) { try await join.value }
      gate.set()
      try await expectEqual(task.value, 4)
      try await pool.join()
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `cancelling what waits leaves what runs`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool { pool in
      let (width, gate) = (pool.workerCount, try Event())
      let running = try (0..<width).map { try pool.submit(Gated(answer: $0, path: file.path, gate: gate)) }
      #expect(await eventually { file.lines.count == width })
      let waiting = try (0..<20).map { try pool.submit(Nap(answer: $0, path: file.path)) }
      pool.cancelPending()
      #expect(await eventually { waiting.allSatisfy(\.isCancelled) && pool.itemsInHand.count == width })
      gate.set()
      for (number, task) in running.enumerated() { try await expectEqual(task.value, number) }
      #expect(file.lines.count == width)
      try await expectEqual(pool.run { 2 }, 2)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `cancelling what waits reaches what a worker was given ahead`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 1) { pool in
      let gate = try Event()
      let tasks = (0..<6).map { Gated(answer: $0, path: file.path, gate: gate) }
      let results = pool.stream(all: tasks, options: MapOptions(chunkSize: 6, maxPending: 6)).results
      let consumer = Task {
        var outcomes: [Result<Int, any Error>] = []
        for await outcome in results { outcomes.append(outcome) }
        return outcomes
      }
      #expect(await eventually { pool.core.driver.statistics.submitted == 6 && !file.lines.isEmpty })
      pool.cancelPending()
      #expect(await eventually { pool.itemsInHand.count == 1 })
      gate.set()
      let outcomes = await consumer.value
      #expect(try outcomes.first?.get() == 0)
      for outcome in outcomes.dropFirst() { #expect(throws: CancellationError.self) { try outcome.get() } }
      #expect(outcomes.count == 6)
      try await expectEqual(pool.run { 2 }, 2)
    }
    #expect(file.lines == ["0"])
  }

  @Test(arguments: PoolKind.allCases)
  func `a cancelled task that waits never runs`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 1) { pool in
      let gate = try Event()
      let first = try pool.submit(Gated(answer: 0, path: file.path, gate: gate))
      let second = try pool.submit(Nap(answer: 1, path: file.path))
      let third = try pool.submit(Nap(milliseconds: 0, answer: 2, path: file.path))
      second.cancel()
      #expect(await eventually { !pool.itemsInHand.contains(2) })
      gate.set()
      for (task, answer) in [(first, 0), (third, 2)] { try await expectEqual(task.value, answer) }
      await #expect(throws: CancellationError.self) { _ = try await second.value }
    }
    #expect(file.lines == ["0", "2"])
  }

  @Test(arguments: PoolKind.allCases)
  func `after cancelAll nothing runs and the pool can be used again`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let tasks = try (0..<20).map { try pool.submit(Nap(answer: $0)) }
      #expect(await eventually { tasks[0].isRunning })
      pool.cancelAll()
      #expect(await eventually { tasks.allSatisfy(\.isCancelled) })
      try await expectEqual(pool.map(0..<4) { $0 }, [0, 1, 2, 3])
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `terminate cancels everything, and more than once is fine`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let tasks = try (0..<20).map { try pool.submit(Nap(answer: $0)) }
      await pool.terminate()
      #expect(await eventually { tasks.allSatisfy(\.isCancelled) })
      await pool.terminate()
      pool.close()
      pool.cancelAll()
      pool.cancelPending()
      try await pool.join()
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `submitting, cancelling and closing at once ends`(kind: PoolKind) async throws {
    for _ in 0..<10 {
      try await kind.withPool { pool in
        let task = try pool.submit(Nap(answer: 1))
        task.cancel()
        pool.close()
        try await pool.join()
        #expect(await eventually { task.isCancelled })
      }
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `dropping the pool lets its tasks finish`(kind: PoolKind) async throws {
    let tasks = try submitAndDrop(kind)
    for (number, task) in tasks.enumerated() { try await expectEqual(task.value, number) }
  }

  private func submitAndDrop(_ kind: PoolKind) throws -> [PoolTask<Int>] {
    let pool = try kind.make()
    return try (0..<10).map { try pool.submit(Nap(milliseconds: 5, answer: $0)) }
  }

  @Test(arguments: PoolKind.allCases)
  func `a broadcast runs once in every worker`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 3) { pool in
      // Workers that join later run it too, before their first task.
      try await pool.broadcast(file.path) { TemporaryFile.append("prepared", to: $0) }
      _ = try await pool.map(0..<12) { number in
        try await Task.sleep(for: .milliseconds(20))
        return number
      }
      #expect(await eventually { file.lines.count == pool.workerCount })
      try await Task.sleep(for: .milliseconds(20))
      #expect(file.lines.count == pool.workerCount)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a broadcast has run in every worker when it returns, also right after the start`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 3) { pool in
      try await pool.broadcast(file.path) { TemporaryFile.append("first", to: $0) }
      #expect(file.lines.count == pool.workerCount)
      try await pool.broadcast(file.path) { TemporaryFile.append("second", to: $0) }
      #expect(file.lines.count == 2 * pool.workerCount)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a broadcast that is cancelled in a worker, or says so itself, does not return as if it had run`(
    kind: PoolKind
  ) async throws {
    try await kind.withPool(workers: 1) { pool in
      await #expect(throws: CancellationError.self) { try await pool.broadcast { throw CancellationError() } }
    }
  }

  @Test(arguments: [PoolKind.threads, .forkServer])
  func `a broadcast whose tasks are cancelled before they begin does not return as if it had run`(
    kind: PoolKind
  ) async throws {
    try await kind.withPool(workers: 1) { pool in
      let busy = try pool.submit { try await Task.sleep(for: .seconds(3600)) }
      #expect(await eventually { busy.isRunning })
      // Before the broadcast was taken on there is nothing to cancel.
      let canceller = Task {
        while !Task.isCancelled {
          pool.cancelPending()
          try? await Task.sleep(for: .milliseconds(1))
        }
      }
      await #expect(throws: CancellationError.self) { try await pool.broadcast {} }
      canceller.cancel()
      await canceller.value
      busy.cancel()
    }
  }

  @Test func `a pool needs a worker`() async throws {
    for count in [0, -1] {
      #expect(await code { _ = try ProcessPool(workers: count) } == .invalidArgument)
      #expect(await code { _ = try ThreadPool(threads: count) } == .invalidArgument)
    }
    try await PoolKind.threads.withPool(workers: 3) { #expect($0.workerCount == 3) }
    try await PoolKind.forkServer.withPool(workers: 3) { #expect($0.workerCount == 3) }
  }
}
