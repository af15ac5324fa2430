import Foundation
import Testing

@testable import Multiprocessing

/// Maps that block, several at once on one pool: the threads that wait take the workers' answers by themselves.
@Suite(.isolated) struct BlockingMapTests {
  private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<count { group.addTask { try await onThread { try body(index) } } }
      try await group.waitForAll()
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `they do not disturb each other`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 3) { pool in
      try await onThreads(4) { index in try mapAndRun(pool, index) }
    }
  }

  @Test func `they end by their time, an error and the death of a worker`() async throws {
    try await withProcessPool(workers: 2) { pool in
      try await onThreads(3) { index in
        for _ in 0..<4 {
          let error = #expect(throws: (any Error).self) { try failingMap(pool, index) }
          switch index {
          case 0: #expect((error as? MultiprocessingError)?.code == .timedOut)
          case 1: #expect(error is CodableFailure)
          default: #expect((error as? MultiprocessingError)?.code == .childCrashed)
          }
        }
      }
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test func `one that waits for a slow input sees the other workers replaced`() async throws {
    var configuration = ProcessPool.Configuration()
    configuration.maxTasksPerWorker = 1
    try await withProcessPool(workers: 2, configuration: configuration) { pool in
      let map: Task<Void, any Error> = Task { try await onThread { try slowMap(pool) } }
      for number in 0..<30 { try await expectEqual(pool.run(number) { $0 }, number) }
      try await map.value
    }
  }
}

@available(*, noasync)
private func mapAndRun<Pool: WorkerPool>(_ pool: Pool, _ index: Int) throws {
  for round in 0..<10 {
    let count = [1, 30, 2000][(index + round) % 3]
    #expect(try pool.blocking.map(0..<count) { $0 + 1 } == Array(1...count))
    #expect(try pool.blocking.run(round) { $0 } == round)
  }
}

@available(*, noasync)
private func failingMap(_ pool: ProcessPool, _ index: Int) throws {
  switch index {
  case 0:
    _ = try pool.blocking.map(0..<4, options: MapOptions(totalTimeout: .milliseconds(50))) { (number: Int) in
      try await Task.sleep(for: .seconds(3600))
      return number
    }
  case 1:
    _ = try pool.blocking.map(0..<200) { (number: Int) in
      if number == 150 { throw CodableFailure(reason: "150", places: []) }
      return number
    }
  default: _ = try pool.blocking.map(0..<10) { $0 == 7 ? kill(getpid(), SIGKILL) : 0 }
  }
}

@available(*, noasync)
private func slowMap(_ pool: ProcessPool) throws {
  let answers = try pool.blocking.map(0..<2) { (number: Int) in
    if number == 0 { try await Task.sleep(for: .seconds(1)) }
    return number
  }
  #expect(answers == [0, 1])
}
