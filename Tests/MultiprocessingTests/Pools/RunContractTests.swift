import Foundation
import Testing

@testable import Multiprocessing

struct Power: ProcessTask {
  var base: Int
  var exponent: Int

  func run() async throws -> Int { (0..<exponent).reduce(1) { product, _ in product * base } }
}

@Suite(.isolated) struct RunContractTests {
  @Test(arguments: PoolKind.allCases)
  func `a task runs and gives its value`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      try await expectEqual(pool.run(Power(base: 2, exponent: 8)), 256)
      try await expectEqual(pool.submit(Power(base: 3, exponent: 4)).value, 81)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a closure takes none, one or several arguments`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      try await expectEqual(pool.run { 7 }, 7)
      try await expectEqual(pool.run(20) { $0 + 1 }, 21)
      let text = try await pool.run("a", 2, [0.5]) { (name: String, count: Int, parts: [Double]) in
        "\(name) \(count) \(parts)"
      }
      #expect(text == "a 2 [0.5]")
      try await expectEqual(pool.submit(2, 3) { (left: Int, right: Int) in left - right }.value, -1)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `closures may return nothing`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool { pool in
      try await pool.run(file.path) { TemporaryFile.append("run", to: $0) }
      try await pool.submit(file.path) { TemporaryFile.append("submit", to: $0) }.value
      try await pool.map([file.path]) { TemporaryFile.append("map", to: $0) }
    }
    #expect(file.lines == ["run", "submit", "map"])
  }

  @Test(arguments: PoolKind.allCases)
  func `in a task that was cancelled nothing runs`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool { pool in
      let caller = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        await #expect(throws: CancellationError.self) {
          try await pool.run(file.path) { TemporaryFile.append("run", to: $0) }
        }
        try await pool.map([file.path]) { TemporaryFile.append("map", to: $0) }
      }
      await #expect(throws: CancellationError.self) { try await caller.value }
      try await pool.run(file.path) { TemporaryFile.append("after", to: $0) }
    }
    #expect(file.lines == ["after"])
  }

  @Test(arguments: PoolKind.allCases)
  func `an error arrives as its own type, and the pool goes on`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let expected = CodableFailure(reason: "wanted", places: [1, 2])
      for _ in 0..<3 {
        let thrown = await #expect(throws: CodableFailure.self) { _ = try await pool.run(Failing()) }
        #expect(thrown == expected)
      }
      await #expect(throws: expected) { _ = try await pool.submit(Failing()).value }
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a closure that captures is refused before anything runs`(kind: PoolKind) async throws {
    let number = Int.random(in: 0...9)
    try await kind.withPool { pool in
      let codes = [
        await code { _ = try await pool.run { number } }, await code { _ = try pool.submit { number } },
        await code { _ = try await pool.map([1]) { $0 + number } },
        await code { for try await _ in pool.stream([1], { $0 + number }) {} },
        await code { try await pool.broadcast { if number > 9 { exit(1) } } },
      ]
      #expect(codes == Array(repeating: .notTransferable, count: 5))
    }
  }

  @Test(arguments: [PoolKind.threads, .inline])
  func `a timeout is refused where workers cannot be stopped`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let options = TaskOptions.timeout(.seconds(9))
      let codes = [
        await code { _ = try await pool.run(Nap(milliseconds: 0), options: options) },
        await code { _ = try pool.submit(Nap(milliseconds: 0), options: options) },
        await code { _ = try await pool.map([1], options: MapOptions(task: options)) { $0 } },
        await code { for try await _ in pool.stream([1], options: MapOptions(task: options), { $0 }) {} },
      ]
      #expect(codes == Array(repeating: .unsupported, count: 4))
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `options out of range are refused`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let codes = [
        await code { _ = try await pool.run(Nap(milliseconds: 0), options: .retries(-1)) },
        await code { _ = try pool.submit(Nap(milliseconds: 0), options: .timeout(.zero)) },
        await code { _ = try await pool.map([1], options: .chunkSize(0)) { $0 } },
        await code { _ = try await pool.map([1], options: .chunkSize(-1)) { $0 } },
        await code { for try await _ in pool.stream([1], options: MapOptions(maxPending: 0), { $0 }) {} },
      ]
      #expect(codes == Array(repeating: .invalidArgument, count: 5))
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `higher priorities start first`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 1) { pool in
      let gate = try Event()
      let first = try pool.submit(Gated(answer: -1, path: file.path, gate: gate))
      #expect(await eventually { !file.lines.isEmpty })
      let priorities: [TaskPriority] = [.low, .high, .medium, .high, .low]
      let tasks = try priorities.enumerated().map { place, priority in
        try pool.submit(
          Nap(milliseconds: 0, answer: place, path: file.path), options: TaskOptions(priority: priority))
      }
      gate.set()
      for task in [first] + tasks { _ = try await task.value }
    }
    #expect(file.lines == ["-1", "1", "3", "2", "0", "4"])
  }

  @Test(arguments: PoolKind.allCases)
  func `many callers at once each get their own value`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<100 {
          group.addTask { try await pool.run(number) { $0 * 2 } == number * 2 }
        }
        for try await isRight in group { #expect(isRight) }
      }
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `the blocking forms work on a thread`(kind: PoolKind) async throws {
    let pool = try kind.make()
    try await onThread { try useBlocking(pool) }
  }
}

@available(*, noasync)
private func useBlocking<Pool: WorkerPool>(_ pool: Pool) throws {
  #expect(try pool.blocking.run(Power(base: 2, exponent: 3)) == 8)
  #expect(try pool.blocking.run(4, 5) { (left: Int, right: Int) in left * right } == 20)
  #expect(try pool.blocking.map(0..<20) { $0 + 1 } == Array(1...20))
  #expect(throws: CodableFailure.self) { _ = try pool.blocking.run(Failing()) }
  let task = try pool.submit(Nap())
  #expect(throws: MultiprocessingError.self) { _ = try task.blocking.value(timeout: .milliseconds(50)) }
  task.cancel()
  #expect(throws: CancellationError.self) { _ = try task.blocking.value() }
  #expect(throws: MultiprocessingError.self) { try pool.blocking.join() }
  pool.close()
  try pool.blocking.join()
  pool.blocking.terminate()
}
