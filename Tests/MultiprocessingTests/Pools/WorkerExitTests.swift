import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// What a worker counts in a global of its own.
private enum Tally {
  static let count = Mutex(0)
  static func add(_ number: Int) { count.withLock { $0 += number } }
}

private struct PrepareTally: ProcessTask {
  func run() async throws { Tally.add(42) }
}

@Suite(.isolated) struct WorkerExitTests {
  @Test(arguments: StartMethod.forTasks)
  func `what workers gathered is collected at their end`(method: StartMethod) async throws {
    try await withWorkers(3, method, configured(patient)) { pool in
      let exits = try pool.onWorkerExit { Tally.count.withLock { $0 } }
      try await pool.map(1...100) { Tally.add($0) }
      #expect(exits.results.isEmpty)
      pool.close()
      try await pool.join()
      let sums = try exits.results.map { try $0.get() }
      #expect(sums.count == 3 && sums.reduce(0, +) == 5050)
    }
  }

  @Test func `recycled workers hand on theirs as they go`() async throws {
    let configuration = configured {
      patient(&$0)
      $0.maxTasksPerWorker = 2
    }
    try await withWorkers(1, .forkServer, configuration) { pool in
      let exits = try pool.onWorkerExit { Tally.count.withLock { $0 } }
      for number in 1...6 { try await pool.run(number) { Tally.add($0) } }
      pool.close()
      try await pool.join()
      // The last one, which had no task, counts nothing; the end of one may be told after that of its successor.
      #expect(Set(try exits.results.map { try $0.get() }).subtracting([0]) == [3, 7, 11])
    }
  }

  @Test func `an error at the end is a result, and a killed worker has none`() async throws {
    try await withWorkers(2, .forkServer, configured(patient)) { pool in
      let exits = try pool.onWorkerExit { () -> Int in throw CodableFailure(reason: "at the end", places: []) }
      _ = await code { try await pool.run { _ = raise(SIGKILL) } }
      pool.close()
      try await pool.join()
      #expect(!exits.results.isEmpty && exits.results.count <= 2)
      for result in exits.results { #expect(throws: CodableFailure.self) { try result.get() } }
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a pool that is closed at once ends workers after their initializer`(method: StartMethod) async throws {
    let configuration = configured {
      patient(&$0)
      $0.context = ProcessContext(method)
    }
    for _ in 0..<3 {
      let pool = try ProcessPool(workers: 4, configuration: configuration, initializer: PrepareTally())
      let exits = try pool.onWorkerExit { Tally.count.withLock { $0 } }
      pool.close()
      try await pool.join()
      try #expect(exits.results.map { try $0.get() } == [42, 42, 42, 42])
    }
  }

  @Test func `a worker whose initializer fails goes at once`() async throws {
    let pool = try ProcessPool(
      workers: 2, configuration: configured(patient), initializer: Prepare(end: .throwing))
    _ = try? pool.onWorkerExit { 1 }
    pool.close()
    // The watchdog finds one that waits for a grace period.
    try await pool.join()
  }

  @Test func `one that takes too long does not hold up the end`() async throws {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let exits = try pool.onWorkerExit { () -> Int in
        while true { usleep(1000) }
      }
      try await pool.run {}
      pool.close()
      try await pool.join()
      #expect(exits.results.isEmpty)
    }
  }

  @Test(arguments: [PoolKind.threads, .inline])
  func `threads have an end too`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let exits = try pool.onWorkerExit { 1 }
      try await expectEqual(pool.submit { 1 }.value, 1)
      pool.close()
      try await pool.join()
      let ones = try exits.results.map { try $0.get() }
      #expect(ones == Array(repeating: 1, count: kind == .inline ? 1 : 2))
      let refusal = await code { _ = try pool.onWorkerExit { 1 } }
      #expect(refusal == .closed)
    }
  }
}
