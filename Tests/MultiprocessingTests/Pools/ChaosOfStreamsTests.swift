import Foundation
import Testing

@testable import Multiprocessing

/// With `MP_CHAOS_TASKS` a seed for each thousand of them; else a few.
@Suite(.isolated) struct ChaosOfStreamsTests {
  private static let tasks = ProcessInfo.processInfo.environment["MP_CHAOS_TASKS"].flatMap(UInt64.init)
  private static let seeds = 1...max(3, (tasks ?? 0) / 1000)
  private static let count = 1000

  @Test(arguments: seeds)
  func `whatever is killed, stopped, resized and cancelled, every input is accounted for once`(
    seed: UInt64
  ) async throws {
    var random = SeededRandom(seed: seed)
    let file = TemporaryFile()
    let configuration = configured {
      $0.gracePeriod = .milliseconds(30)
      $0.maxTasksPerWorker = seed % 5 == 0 ? 50 : nil
      $0.restartLimit = .init(count: 10_000)
    }
    let pool = try ProcessPool(workers: 4, configuration: configuration)
    let over = Completion<Void>()
    async let strikes: Void = {
      var striker = Striker(random: SeededRandom(seed: ~seed), isKind: true)
      try await striker.strike(pool, until: over)
    }()
    let streams = (0..<2).map { Course(inputs: errands($0 * Self.count, file.path, &random), random: random.next()) }
    try await withThrowingTaskGroup { group in
      for stream in streams { group.addTask { try await stream.run(in: pool) } }
      let (pause, count) = (random.next() % 300, Int(random.next() % 6) + 1)
      try await Task.sleep(for: .milliseconds(Int(pause)))
      if random.chance(50) { try await pool.resize(to: count) }
      if random.chance(30) { pool.cancelPending() }
      if random.chance(10) { pool.cancelAll() }
      try await group.waitForAll()
    }
    pool.close()
    try await pool.join()
    over.resolve(())
    try await strikes
    let statistics = pool.statistics
    #expect(statistics.completed + statistics.failed == statistics.submitted, "seed \(seed): \(statistics)")
    let lines = file.lines
    #expect(Set(lines).count == lines.count, "seed \(seed): one began twice")
    let begun = Set(lines.compactMap { Int($0) })
    for stream in streams { stream.check(begun, "seed \(seed)") }
  }

  private func errands(_ start: Int, _ path: String, _ random: inout SeededRandom) -> [Errand] {
    (start..<start + Self.count).map { number in
      let draw = Int.random(in: 0..<1000, using: &random)
      return Errand(number: number, way: draw < 60 ? 1 : draw < 80 ? 2 : draw < 88 ? 3 : 0, path: path)
    }
  }
}

/// One stream of errands, read to its end or left before.
private final class Course: Sendable {
  private let inputs: [Errand]
  private let order: ResultOrder
  private let options: MapOptions
  private let end: Int
  private let found = Completion<[Result<Int, any Error>]>()

  init(inputs: [Errand], random seed: UInt64) {
    var random = SeededRandom(seed: seed)
    self.inputs = inputs
    order = random.chance(50) ? .input : .completion
    options = MapOptions(
      chunkSize: [nil, 1, 7, 60].randomElement(using: &random) ?? nil,
      maxPending: [3, 40, 1000].randomElement(using: &random))
    end = random.chance(25) ? Int.random(in: 1..<inputs.count, using: &random) : inputs.count
  }

  func run(in pool: ProcessPool) async throws {
    var outcomes: [Result<Int, any Error>] = []
    for await outcome in pool.stream(all: inputs, order: order, options: options).results {
      outcomes.append(outcome)
      if outcomes.count == end, end < inputs.count { break }
    }
    found.resolve(outcomes)
  }

  func check(_ begun: Set<Int>, _ comment: Comment) {
    let found = found.value ?? []
    #expect(found.count == end, comment)
    var values: Set<Int> = []
    for (outcome, input) in zip(found, inputs) {
      switch outcome {
      case .success(let value):
        #expect(order == .completion || value == input.number, comment)
        #expect(values.insert(value).inserted && begun.contains(value), "\(value) \(comment)")
      case .failure(let error as CodableFailure):
        #expect(order == .completion || error.places == [input.number], comment)
      case .failure(let error as MultiprocessingError):
        #expect([.childCrashed, .childExited].contains(error.code), "\(error) \(comment)")
      case .failure(let error): #expect(error is CancellationError, "\(error) \(comment)")
      }
    }
    // What began and has no value died, threw, or was cancelled then.
    let failed = found.count { (try? $0.get()) == nil }
    let lost = inputs.count { begun.contains($0.number) && !values.contains($0.number) }
    if end == inputs.count { #expect(lost <= failed, comment) }
  }
}
