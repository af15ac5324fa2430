import Foundation
import Testing

@testable import Multiprocessing

/// With `MP_CHAOS_SEEDS` as many seeds, and with `MP_CHAOS_TASKS` a long run of so many tasks; else a few.
@Suite(.isolated) struct ChaosTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seeds = 1...(environment["MP_CHAOS_SEEDS"].flatMap(UInt64.init) ?? 1)
  private static let long = environment["MP_CHAOS_TASKS"].flatMap(Int.init) ?? 0

  @Test(arguments: seeds)
  func `whatever is killed, stopped, resized and cancelled, every task is accounted for once`(
    seed: UInt64
  ) async throws {
    try await runErrands(1000, seed: seed)
  }

  @Test(.enabled(if: long > 0)) func `in a long run too`() async throws { try await runErrands(Self.long, seed: 1) }

  private func runErrands(_ count: Int, seed: UInt64) async throws {
    let file = TemporaryFile()
    let configuration = configured {
      $0.gracePeriod = .milliseconds(30)
      $0.maxTasksPerWorker = seed % 3 == 0 ? 50 : nil
      $0.restartLimit = .init(count: 10_000)
    }
    let pool = try ProcessPool(workers: 4, configuration: configuration)
    let over = Completion<Void>()
    async let strikes: Void = {
      var striker = Striker(random: SeededRandom(seed: ~seed), most: count / 25)
      try await striker.strike(pool, until: over)
    }()
    let tasks = try await submitErrands(count, to: pool, seed: seed, path: file.path)
    pool.close()
    try await pool.join()
    over.resolve(())
    try await strikes
    let begun = Dictionary(file.lines.map { ($0, 1) }, uniquingKeysWith: +)
    for (number, (task, retries)) in tasks.enumerated() {
      let times = begun["\(number)", default: 0]
      #expect(task.isDone && times <= retries + 1, "seed \(seed): \(number) began \(times) times")
      let outcome = await outcome(of: task, number)
      #expect(outcome.isRight && (times > 0 || !outcome.hasRun), "seed \(seed): \(number) \(outcome)")
    }
    let statistics = pool.statistics
    #expect(statistics.submitted == count && statistics.completed + statistics.failed == count)
  }

  private func submitErrands(
    _ count: Int, to pool: ProcessPool, seed: UInt64, path: String
  ) async throws -> [(task: PoolTask<Int>, retries: Int)] {
    var random = SeededRandom(seed: seed)
    var tasks: [(task: PoolTask<Int>, retries: Int)] = []
    // In a long run fewer that take time.
    let spread = 1000 * max(1, count / 5000)
    for number in 0..<count {
      let draw = Int.random(in: 0..<spread, using: &random)
      let way = draw < 420 ? 1 : draw < 470 ? 2 : draw < 495 ? 3 : draw < 500 ? 4 : 0
      let retries = Int.random(in: 0...2, using: &random)
      // Each has a time: one whose worker is stopped would go on for ever.
      let options = TaskOptions(
        timeout: .milliseconds(200), retries: retries, priority: [.low, .medium, .high].randomElement(using: &random))
      tasks.append((try pool.submit(Errand(number: number, way: way, path: path), options: options), retries))
      if random.chance(3) { tasks.randomElement(using: &random)?.task.cancel() }
      if random.chance(1) { try await pool.resize(to: Int.random(in: 1...6, using: &random)) }
      while pool.statistics.submitted - pool.statistics.completed - pool.statistics.failed > 100 {
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    return tasks
  }

  private func outcome(
    of task: PoolTask<Int>, _ number: Int
  ) async -> (isRight: Bool, hasRun: Bool, what: String) {
    do {
      let value = try await task.value
      return (value == number, true, "\(value)")
    } catch let error as CodableFailure {
      return (error.places == [number], true, "\(error)")
    } catch let error as MultiprocessingError {
      // A worker may be lost, and a time pass, between its claim of a task and the task's first step.
      return ([.childCrashed, .childExited, .timedOut].contains(error.code), false, "\(error)")
    } catch {
      return (error is CancellationError, false, "\(error)")
    }
  }
}
