import Foundation
import Testing

@testable import Multiprocessing

/// One of a thousand: it notes that it begins, then does what the chaos asks of it.
private struct Errand: ProcessTask {
  enum Way: CaseIterable { case answer, nap, fail, die, spin }

  var number: Int
  var way: Int
  var path: String

  func run() async throws -> Int {
    TemporaryFile.append("\(number)", to: path)
    switch Way.allCases[way] {
    case .answer: break
    case .nap: try await Task.sleep(for: .microseconds(number % 4000))
    case .fail: throw CodableFailure(reason: "errand", places: [number])
    case .die: raise(SIGKILL)
    case .spin: while true { usleep(500) }
    }
    return number
  }
}

/// With `MP_CHAOS_SEEDS` as many seeds; else a few.
@Suite(.isolated) struct ChaosTests {
  private static let seeds = 1...(ProcessInfo.processInfo.environment["MP_CHAOS_SEEDS"].flatMap(UInt64.init) ?? 1)
  private static let count = 1000

  @Test(arguments: seeds)
  func `whatever is killed, stopped, resized and cancelled, every task is accounted for once`(
    seed: UInt64
  ) async throws {
    let file = TemporaryFile()
    let configuration = configured {
      $0.gracePeriod = .milliseconds(30)
      $0.maxTasksPerWorker = seed % 3 == 0 ? 50 : nil
      $0.restartLimit = .init(count: 10_000)
    }
    let pool = try ProcessPool(workers: 4, configuration: configuration)
    let over = Completion<Void>()
    async let strikes: Void = strike(pool, seed: seed, until: over)
    let tasks = try await submitErrands(to: pool, seed: seed, path: file.path)
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
    #expect(statistics.submitted == Self.count && statistics.completed + statistics.failed == Self.count)
  }

  private func submitErrands(
    to pool: ProcessPool, seed: UInt64, path: String
  ) async throws -> [(task: PoolTask<Int>, retries: Int)] {
    var random = SeededRandom(seed: seed)
    var tasks: [(task: PoolTask<Int>, retries: Int)] = []
    for number in 0..<Self.count {
      let draw = Int.random(in: 0..<1000, using: &random)
      let way = draw < 500 ? 0 : draw < 920 ? 1 : draw < 970 ? 2 : draw < 995 ? 3 : 4
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

  private func strike(_ pool: ProcessPool, seed: UInt64, until over: Completion<Void>) async throws {
    var random = SeededRandom(seed: ~seed)
    var strikes = 0
    while over.value == nil {
      try await Task.sleep(for: .milliseconds(Int.random(in: 1...40, using: &random)))
      guard strikes < 40, let victim = pool.workers.randomElement(using: &random)?.processID else { continue }
      strikes += 1
      // Some that were stopped go on, the others are left to the pool.
      kill(victim, [SIGKILL, SIGKILL, SIGSTOP, SIGCONT].randomElement(using: &random) ?? SIGKILL)
    }
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
