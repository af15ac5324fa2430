import Synchronization
import Testing

@testable import Multiprocessing

/// Ends when somebody has written to its file.
private struct Patient: ProcessTask {
  var answer: Int
  var path: String?

  func run() async throws -> Int {
    while let path, TemporaryFile.lines(of: path).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
    return answer
  }
}

@Suite(.isolated) struct StreamContractTests {
  @Test(arguments: PoolKind.allCases)
  func `a stream gives its results in the order asked for`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 3) { pool in
      var ordered: [Int] = []
      for try await value in pool.stream(0..<1000, options: .chunkSize(100), { $0 * $0 }) { ordered.append(value) }
      #expect(ordered == (0..<1000).map { $0 * $0 })
      var unordered: [Int] = []
      for try await value in pool.stream(0..<1000, order: .completion, options: .chunkSize(100), { $0 * $0 }) {
        unordered.append(value)
      }
      #expect(unordered.sorted() == ordered)
    }
  }

  @Test(arguments: PoolKind.parallel)
  func `in order of completion the short ones come first`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let file = TemporaryFile()
      var values: [Int] = []
      // The first ends when the others have come.
      let tasks = (0..<3).map { Patient(answer: $0, path: $0 == 0 ? file.path : nil) }
      for try await value in pool.stream(all: tasks, order: .completion) {
        values.append(value)
        if values.count == 2 { TemporaryFile.append("go on", to: file.path) }
      }
      #expect(values.last == 0)
      #expect(values.sorted() == [0, 1, 2])
    }
  }

  @Test(arguments: PoolKind.allCases, [ResultOrder.input, .completion])
  func `endless inputs are taken no more than maxPending ahead`(kind: PoolKind, order: ResultOrder) async throws {
    try await kind.withPool { pool in
      let inputs = CountedInputs()
      var consumed = 0
      for try await _ in pool.stream(inputs, order: order, options: MapOptions(maxPending: 5), { $0 }) {
        consumed += 1
        if consumed % 10 == 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(inputs.taken <= consumed + 5)
        if consumed == 100 { break }
      }
      #expect(await eventually { inputs.taken >= 100 })
      try await Task.sleep(for: .milliseconds(20))
      #expect(inputs.taken <= 105)
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `nothing is taken before the first result is asked for`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let inputs = CountedInputs()
      let results = pool.stream(inputs) { $0 + 1 }
      try await Task.sleep(for: .milliseconds(20))
      #expect(inputs.taken == 0)
      var iterator = results.makeAsyncIterator()
      try await expectEqual(iterator.next(), 1)
      #expect(await code { for try await _ in results {} } == .invalidArgument)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `asynchronous inputs are taken as they come`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let (inputs, source) = AsyncStream.makeStream(of: Int.self)
      var values: [Int] = []
      source.yield(1)
      for try await value in pool.stream(inputs, { $0 * 10 }) {
        values.append(value)
        if value < 50 { source.yield(value / 10 + 1) } else { source.finish() }
      }
      #expect(values == [10, 20, 30, 40, 50])
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `an error of the inputs follows the results before it`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      for good in [0, 3, 7] {
        var values: [Int] = []
        let inputs = failingInputs(after: good)
        let thrown = await #expect(throws: CodableFailure.self) {
          for try await value in pool.stream(inputs, { $0 }) { values.append(value) }
        }
        #expect(thrown?.reason == "inputs")
        #expect(values == Array(0..<good))
      }
      var unordered: Set<Int> = []
      await #expect(throws: CodableFailure.self) {
        for try await value in pool.stream(failingInputs(after: 6), order: .completion, { $0 }) {
          #expect(unordered.insert(value).inserted)
        }
      }
      #expect(unordered == Set(0..<6))
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `results before a failure are delivered, then it ends the stream`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      var values: [Int] = []
      await #expect(throws: CodableFailure.self) {
        let stream = pool.stream(0..<20) { number -> Int in
          if number == 4 { throw CodableFailure(reason: "4", places: []) }
          return number
        }
        for try await value in stream { values.append(value) }
      }
      #expect(values == [0, 1, 2, 3])
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `outcomes go on after failures`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let stream = pool.stream(0..<20) { number -> Int in
        if number % 3 == 0 { throw CodableFailure(reason: "third", places: [number]) }
        return number
      }
      var outcomes: [Int?] = []
      for await outcome in stream.results { outcomes.append(try? outcome.get()) }
      #expect(outcomes == (0..<20).map { $0 % 3 == 0 ? nil : $0 })
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `a stream that takes too long gives what came in time, then throws`(kind: PoolKind) async throws {
    var (given, begun): ([Int], [String]) = ([], [])
    // A busy machine may need more time for the two.
    for limit in [2, 8, 25] where begun.count < 3 || given.count < 2 {
      (given, begun) = try await streamNaps(kind, limit: .seconds(limit))
      #expect([0, 1].starts(with: given) && ["0", "1", "2"].starts(with: begun))
    }
    #expect(given == [0, 1] && begun == ["0", "1", "2"])
  }

  /// Two short naps and two long ones: what was given, and which have begun.
  private func streamNaps(_ kind: PoolKind, limit: Duration) async throws -> (given: [Int], begun: [String]) {
    let file = TemporaryFile()
    var given: [Int] = []
    try await kind.withPool(workers: 1) { pool in
      let naps = [0, 0, 100_000, 100_000].enumerated().map { number, milliseconds in
        Nap(milliseconds: milliseconds, answer: number, path: file.path)
      }
      let thrown = await code {
        for try await answer in pool.stream(all: naps, options: MapOptions(totalTimeout: limit)) {
          given.append(answer)
        }
      }
      #expect(thrown == .timedOut)
      try await expectEqual(pool.run { 5 }, 5)
    }
    return (given, file.lines)
  }

  @Test(arguments: PoolKind.allCases)
  func `leaving the loop cancels what is left`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    try await kind.withPool(workers: 1) { pool in
      let naps = [Nap(milliseconds: 0, answer: 0)] + (1..<10).map { Nap(answer: $0, path: file.path) }
      for try await value in pool.stream(all: naps) {
        #expect(value == 0)
        break
      }
      try await expectEqual(pool.run { 5 }, 5)
      // A thread may begin one more before that one is cancelled in its turn.
      #expect(kind == .threads ? file.lines.count <= 2 : file.lines.allSatisfy { $0 == "1" })
    }
  }
}

/// 0, 1, 2 and so on for ever, counting what was taken.
private final class CountedInputs: Sequence, Sendable {
  private let count = Mutex(0)
  var taken: Int { count.withLock { $0 } }

  func makeIterator() -> AnyIterator<Int> {
    AnyIterator {
      self.count.withLock { count in
        defer { count += 1 }
        return count
      }
    }
  }
}

private func failingInputs(after good: Int) -> AsyncThrowingStream<Int, any Error> {
  AsyncThrowingStream { source in
    for number in 0..<good { source.yield(number) }
    source.finish(throwing: CodableFailure(reason: "inputs", places: []))
  }
}
