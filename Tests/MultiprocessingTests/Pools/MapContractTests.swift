import Synchronization
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct MapContractTests {
  @Test(arguments: PoolKind.allCases)
  func `map keeps the order of its inputs, whatever the chunk size`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 3) { pool in
      for options in [MapOptions()] + [1, 6, 20, 40, 50, 1000].map(MapOptions.chunkSize) {
        let squares = try await pool.map(0..<150, options: options) { $0 * $0 }
        #expect(squares == (0..<150).map { $0 * $0 })
      }
      let answers = try await pool.run(all: (0..<10).map { Nap(milliseconds: 10 * (10 - $0), answer: $0) })
      #expect(answers == Array(0..<10))
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `nothing in, nothing out`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      try await expectEqual(pool.map([Int]()) { $0 }, [])
      try await expectEqual(pool.run(all: [Nap]()), [])
      for order in [ResultOrder.input, .completion] {
        for try await value in pool.stream([Int](), order: order, { $0 }) { Issue.record("\(value)") }
        for try await value in pool.stream(all: [Nap](), order: order) { Issue.record("\(value)") }
      }
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `map throws the first failure and cancels the rest`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool { pool in
      let inputs = (0..<40).map { Step(number: $0, path: file.path) }
      await #expect(throws: CodableFailure(reason: "3", places: [])) {
        _ = try await pool.map(inputs) { try await $0.take() }
      }
      try await expectEqual(pool.map([1]) { $0 }, [1])
      #expect(file.lines.count < 40)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `two failures with large payloads leave the pool usable`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      for _ in 0..<3 {
        let inputs = (0..<8).map { [Int](repeating: $0, count: 40_000) }
        await #expect(throws: CodableFailure.self) {
          _ = try await pool.map(inputs) { numbers -> [Int] in
            if numbers[0] > 5 { throw CodableFailure(reason: "large", places: numbers) }
            return numbers
          }
        }
      }
      try await expectEqual(pool.map([1, 2]) { $0 + 1 }, [2, 3])
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a total timeout ends the map and what has not begun never runs`(kind: PoolKind) async throws {
    var begun: [String] = []
    // A busy machine may need more time for the first.
    for limit in [300, 3000, 25_000] where begun.count < 2 {
      begun = try await mapNaps(kind, limit: .milliseconds(limit))
      #expect(["0", "1"].starts(with: begun))
    }
    #expect(begun == ["0", "1"])
  }

  /// A short nap and two long ones: which have begun.
  private func mapNaps(_ kind: PoolKind, limit: Duration) async throws -> [String] {
    let file = TemporaryFile()
    try await kind.withPool(workers: 1) { pool in
      let naps = [
        Nap(milliseconds: 0, answer: 0, path: file.path), Nap(answer: 1, path: file.path),
        Nap(answer: 2, path: file.path),
      ]
      let thrown = await code {
        _ = try await pool.run(all: naps, options: MapOptions(totalTimeout: limit))
      }
      #expect(thrown == .timedOut)
      try await expectEqual(pool.run { 5 }, 5)
    }
    return file.lines
  }

  @Test(arguments: PoolKind.allCases)
  func `cancelling the caller cancels the work`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 1) { pool in
      let caller = Task { try await pool.run(all: (0..<5).map { Nap(answer: $0, path: file.path) }) }
      #expect(await eventually { file.lines == ["0"] })
      caller.cancel()
      await #expect(throws: CancellationError.self) { _ = try await caller.value }
      let single = Task { try await pool.run(Nap(answer: 9, path: file.path)) }
      #expect(await eventually { file.lines.last == "9" })
      single.cancel()
      await #expect(throws: CancellationError.self) { _ = try await single.value }
      try await expectEqual(pool.run { 5 }, 5)
    }
    // A thread may begin one more before that one is cancelled in its turn.
    let isPassed = kind == .threads && file.lines.count == 3 && file.lines[0] == "0" && file.lines[2] == "9"
    #expect(file.lines == ["0", "9"] || isPassed)
  }
}

struct Step: Codable, Sendable {
  var number: Int
  var path: String

  func take() async throws -> Int {
    TemporaryFile.append("\(number)", to: path)
    if number == 3 { throw CodableFailure(reason: "3", places: []) }
    // Those behind take so long that they cannot all have begun before the failure is heard of.
    try await Task.sleep(for: number < 3 ? .milliseconds(20) : .seconds(1))
    return number
  }
}
