import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// One of the things that tasks do, by its number.
struct Chore: ProcessTask {
  var number: Int

  func run() async throws -> [Int] {
    switch number % 6 {
    case 0: return [number]
    case 1:
      try await Task.sleep(for: .milliseconds(number % 40))
      return [number]
    case 2:
      let end = ContinuousClock.now + .milliseconds(number % 20)
      while ContinuousClock.now < end {}
      return [number]
    case 3: throw CodableFailure(reason: "chore", places: [number])
    case 4: return Array(repeating: number, count: 100_000)
    default:
      usleep(UInt32(number % 20) * 1000)
      return [number]
    }
  }
}

/// How a pool in a storm ends.
enum Landfall: Sendable { case closed, terminated }

/// Who was struck, and how long it goes on.
private final class Storm: Sendable {
  let pool: ProcessPool
  private let start = ContinuousClock.now
  private let processes = Mutex<Set<ProcessID>>([])

  init(_ pool: ProcessPool) { self.pool = pool }

  var struck: Set<ProcessID> { processes.withLock { $0 } }

  /// After two seconds, and later when the machine is so busy that little has happened.
  var isOver: Bool {
    let time = start.duration(to: .now)
    if time < .seconds(2) { return false }
    let statistics = pool.statistics
    return time > .seconds(20) || struck.count > 8 && statistics.completed > 0 && statistics.crashed > 0
  }

  func note(_ victim: ProcessID) { processes.withLock { _ = $0.insert(victim) } }
}

@Suite(.isolated) struct StormTests {
  @Test(
    arguments: [
      (1, StartMethod.forkServer, Landfall.closed), (2, .forkServer, .terminated), (3, .spawn, .closed),
    ] as [(UInt64, StartMethod, Landfall)])
  func `every task ends and the pool too, whatever is killed and stopped on a busy machine`(
    seed: UInt64, method: StartMethod, landfall: Landfall
  ) async throws {
    let hogs = try (0..<2).map { _ in try ChildProcess.start(isDaemon: true) { () -> Int in while true {} } }
    let configuration = configured {
      $0.context = ProcessContext(method)
      $0.gracePeriod = .milliseconds(100)
      $0.greetingLimit = .seconds(2)
      $0.maxTasksPerWorker = 25
      $0.restartLimit = .init(count: 10_000)
    }
    let pool = try ProcessPool(workers: 3, configuration: configuration)
    let storm = Storm(pool)
    async let end: Void = strike(seed: seed, in: storm)
    let tasks = try await submitChores(in: storm)
    if landfall == .terminated { await pool.terminate() }
    let failures = await failures(of: tasks, mayBeCancelled: landfall == .terminated)
    pool.close()
    try await pool.join()
    for hog in hogs {
      try hog.kill()
      try await hog.join()
    }
    #expect(failures.isEmpty, "\(failures.prefix(5))")
    try await end
    let struck = storm.struck
    #expect(struck.count > 8)
    #expect(await eventually { struck.allSatisfy(ProcessInspection.isGone) })
    let statistics = pool.statistics
    #expect(statistics.submitted == tasks.count)
    #expect(statistics.completed + statistics.failed == tasks.count)
    #expect(statistics.completed > 0 && statistics.crashed > 0, "\(statistics)")
  }

  /// Strikes workers on a thread of its own.
  private func strike(seed: UInt64, in storm: Storm) async throws {
    try await onThread {
      var random = SeededRandom(seed: seed)
      while !storm.isOver {
        usleep(UInt32.random(in: 1000...40_000, using: &random))
        guard let victim = storm.pool.workers.randomElement(using: &random)?.processID else { continue }
        // Some that were stopped go on, the others are left to the pool.
        kill(victim, [SIGKILL, SIGSTOP, SIGSTOP, SIGCONT].randomElement(using: &random) ?? SIGKILL)
        storm.note(victim)
      }
    }
  }

  /// As many as the pool can take, never far ahead. Each has a time: one whose worker is stopped would go on for ever.
  private func submitChores(in storm: Storm) async throws -> [PoolTask<[Int]>] {
    let pool = storm.pool
    var tasks: [PoolTask<[Int]>] = []
    while !storm.isOver {
      let options = TaskOptions(timeout: .milliseconds(400), retries: tasks.count % 3)
      tasks.append(try pool.submit(Chore(number: tasks.count), options: options))
      while tasks.count - pool.statistics.completed - pool.statistics.failed > 30, !storm.isOver {
        try await Task.sleep(for: .milliseconds(2))
      }
    }
    return tasks
  }

  /// The outcomes that no task may have.
  private func failures(of tasks: [PoolTask<[Int]>], mayBeCancelled: Bool) async -> [String] {
    var failures: [String] = []
    for (number, task) in tasks.enumerated() {
      do {
        let value = try await task.value
        if value.first != number { failures.append("\(number) is answered by \(value.prefix(2))") }
      } catch let error as CodableFailure {
        if error.places != [number] { failures.append("\(number) is answered by \(error)") }
      } catch let error as MultiprocessingError {
        let known: [MultiprocessingError.Code] = [.childCrashed, .childExited, .timedOut]
        if !known.contains(error.code) { failures.append("\(number): \(error)") }
      } catch {
        if !(error is CancellationError && mayBeCancelled) { failures.append("\(number): \(error)") }
      }
    }
    return failures
  }
}
