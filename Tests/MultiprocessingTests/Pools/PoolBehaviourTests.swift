import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// Two arguments of a task as one input.
struct Exponentiation: Codable, Sendable {
  var base: Int
  var exponent: Int
}

/// Says that it is let go.
final class Noted: Codable, Sendable {
  static let alive = Atomic(0)
  let number: Int
  init(_ number: Int) {
    self.number = number
    Self.alive.add(1, ordering: .relaxed)
  }
  init(from decoder: any Decoder) throws {
    number = try decoder.singleValueContainer().decode(Int.self)
    Self.alive.add(1, ordering: .relaxed)
  }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }
  deinit { Self.alive.subtract(1, ordering: .relaxed) }
}

/// What is left to show of what CPython's tests of pools and executors ask.
@Suite(.isolated) struct PoolBehaviourTests {
  @Test func `a pool remembers what a map learned of its task`() async throws {
    try await withProcessPool(workers: 2) { pool in
      func experience() -> [ChunkSizer.Experience] {
        pool.core.driver.state.withLock { Array($0.experience.values) }
      }
      #expect(experience().isEmpty)
      for _ in 0..<2 { try await expectEqual(pool.map(0..<5_000) { $0 + 1 }.count, 5_000) }
      try await expectEqual(pool.map(0..<3) { $0 + 2 }, [2, 3, 4])
      #expect(experience().count == 2)
      #expect(experience().allSatisfy { $0.cost >= 1 && $0.bytes >= 8 })
      for task in 0..<300 { pool.core.driver.note(.init(cost: 1, bytes: 1), of: TaskReference(.type("\(task)"))) }
      #expect(experience().count <= 256)
    }
  }

  @Test(arguments: PoolKind.allCases, [nil, 1, 3])
  func `inputs of several values are mapped in order, whatever the chunk`(kind: PoolKind, chunk: Int?) async throws {
    try await kind.withPool { pool in
      let inputs = (0..<20).map { Exponentiation(base: $0, exponent: 3) }
      let cubes = try await pool.map(inputs, options: MapOptions(chunkSize: chunk)) { input in
        (0..<input.exponent).reduce(1) { product, _ in product * input.base }
      }
      #expect(cubes == (0..<20).map { $0 * $0 * $0 })
    }
  }

  @Test(arguments: PoolKind.allCases)
  func `maps that are awaited later run side by side`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      async let squares = pool.map(0..<50) { $0 * $0 }
      async let cubes = pool.map(0..<50) { $0 * $0 * $0 }
      let (second, third) = try await (squares, cubes)
      #expect(second == (0..<50).map { $0 * $0 } && third == (0..<50).map { $0 * $0 * $0 })
    }
  }

  @Test(arguments: PoolKind.parallel)
  func `a submitted task takes its time, and no more is known before`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let gate = try Event()
      let task = try pool.submit(Gated(answer: 4, gate: gate))
      #expect(!task.isDone)
      gate.set()
      try await expectEqual(task.value, 4)
      let start = ContinuousClock.now
      try await expectEqual(pool.submit(Nap(milliseconds: 200, answer: 5)).value, 5)
      #expect(ContinuousClock.now - start >= .milliseconds(200))
    }
  }

  @Test func `after its scope a pool takes nothing`() async throws {
    let pool = try await withProcessPool(workers: 1) { $0 }
    #expect(await code { _ = try await pool.map([1]) { $0 } } == .closed)
  }

  @Test func `arguments are let go although the task is kept`() async throws {
    let pool = try ThreadPool(threads: 1)
    let task = try pool.submit(Noted(1)) { $0.number }
    try await expectEqual(task.value, 1)
    #expect(await eventually { Noted.alive.load(ordering: .relaxed) == 0 })
    #expect(task.isDone)
    await pool.terminate()
  }

  @Test func `a stream keeps no result that was taken`() async throws {
    let pool = try ThreadPool(threads: 1)
    for try await result in pool.stream(1...20, { Noted($0) }) {
      // The next one may be there already, up to four ahead.
      #expect(Noted.alive.load(ordering: .relaxed) <= 6, "\(result.number)")
    }
    #expect(await eventually { Noted.alive.load(ordering: .relaxed) == 0 })
    await pool.terminate()
  }

  @Test func `iterating over finished tasks keeps none that was taken`() async throws {
    let pool = try ThreadPool(threads: 2)
    var tasks: [PoolTask<Int>]? = try (0..<5).map { number in try pool.submit(number) { $0 } }
    var iterator = try #require(tasks).asCompleted().makeAsyncIterator()
    tasks = nil
    for _ in 0..<5 {
      weak let taken = try await iterator.next()
      #expect(await eventually { taken == nil })
    }
    let end = try await iterator.next()
    #expect(end == nil)
    await pool.terminate()
  }

  @Test(arguments: PoolKind.allCases)
  func `a task says how far it is`(kind: PoolKind) async throws {
    try await kind.withPool(workers: 1) { pool in
      let running = try pool.submit(Nap())
      let pending = try pool.submit(Nap())
      #expect(await eventually { running.isRunning })
      #expect("\(running)" == "PoolTask<Int>(running)" && "\(pending)" == "PoolTask<Int>(pending)")
      for task in [pending, running] { task.cancel() }
      await #expect(throws: CancellationError.self) { try await running.value }
      #expect("\(pending)" == "PoolTask<Int>(cancelled)")
      let done = try pool.submit(7) { $0 }
      try await expectEqual(done.value, 7)
      #expect("\(done)" == "PoolTask<Int>(returned)")
      let failed = try pool.submit(Failing())
      await #expect(throws: CodableFailure.self) { try await failed.value }
      #expect("\(failed)" == "PoolTask<Int>(failed)")
    }
  }

  @Test(arguments: PoolKind.parallel)
  func `a blocked wait for a failing task throws its error`(kind: PoolKind) async throws {
    try await kind.withPool { pool in
      let task = try pool.submit(Failing(reason: "blocked"))
      _ = try await onThread {
        #expect(throws: CodableFailure(reason: "blocked", places: [1, 2])) { try task.blocking.value() }
      }
    }
  }

  @Test(arguments: [PoolKind.forkServer, .threads])
  func `closing and cancelling what waits ends some and finishes the others`(kind: PoolKind) async throws {
    let pool = try kind.make(workers: 2)
    let (early, late) = (try Event(), try Event())
    let tasks = try (0..<50).map { try pool.submit(Gated(answer: $0, gate: $0 < 2 ? early : late)) }
    early.set()
    _ = try await tasks[1].value
    pool.cancelPending()
    pool.close()
    late.set()
    try await pool.join()
    #expect(!tasks.contains { !$0.isDone })
    #expect(tasks.count { $0.isCancelled } > 20)
    #expect(tasks.contains { !$0.isCancelled })
  }

  @Test(arguments: [PoolKind.forkServer, .threads])
  func `a pool has as many workers as blocked tasks, and none after its end`(kind: PoolKind) async throws {
    let file = TemporaryFile()
    let pool = try kind.make(workers: 3)
    let tasks = try (0..<3).map { try pool.submit(Nap(answer: $0, path: file.path)) }
    #expect(await eventually { file.lines.count == 3 && tasks.allSatisfy(\.isRunning) })
    let processes = (pool as? ProcessPool)?.workers.map(\.processID) ?? []
    #expect(processes.count == (kind == .threads ? 0 : 3))
    for task in tasks { task.cancel() }
    pool.close()
    try await pool.join()
    #expect(processes.allSatisfy { kill($0, 0) != 0 })
  }

  @Test func `a thread pool has a thread for each processor, named and no more`() async throws {
    let standard = try ThreadPool()
    #expect(standard.workerCount == CurrentProcess.availableParallelism)
    await standard.terminate()
    let pool = try ThreadPool(threads: 3)
    let names = try await pool.map(0..<60) { _ in
      usleep(1000)
      return Self.threadName()
    }
    #expect(Set(names).isSubset(of: ["mp-worker-1", "mp-worker-2", "mp-worker-3"]), "\(Set(names))")
    await pool.terminate()
  }

  @Test func `a map for its effects has run when it returns`() async throws {
    let pool = try ThreadPool(threads: 3)
    let sum = Sum.total.load(ordering: .relaxed)
    try await pool.map(1...100) { Sum.total.add($0, ordering: .relaxed) }
    #expect(Sum.total.load(ordering: .relaxed) - sum == 5050)
    await pool.terminate()
  }

  @Test(arguments: [WaitCondition.firstCompleted, .allCompleted])
  func `tasks that end all at once end the wait`(condition: WaitCondition) async throws {
    let pool = try ThreadPool(threads: 8)
    for _ in 0..<20 {
      let tasks = try (0..<100).map { number in try pool.submit(number) { $0 } }
      let (done, pending) = try await tasks.waitForTasks(until: condition)
      #expect(!done.isEmpty && done.count + pending.count == 100)
      if condition == .allCompleted { #expect(pending.isEmpty) }
    }
    await pool.terminate()
  }

  @Test func `a program's end waits for what was submitted, and takes no more`() async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path) { path in
      let pool = try ProcessPool(workers: 1)
      _ = try pool.submit(path) { path in
        usleep(100_000)
        TemporaryFile.append("apple", to: path)
      }
      _ = ExitHandler {
        do {
          _ = try pool.submit { 1 }
        } catch {
          TemporaryFile.append("\((error as? MultiprocessingError)?.code == .closed)", to: path)
        }
      }
    }
    try await child.join()
    #expect(child.terminationStatus == .exited(0))
    #expect(file.lines == ["apple", "true"])
  }

  @Test(arguments: [false, true])
  func `a program that closes its pool and does not wait ends, its work done or cancelled`(
    isCancelling: Bool
  ) async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path, isCancelling) { path, isCancelling in
      let pool = try ProcessPool(workers: 1)
      let isClosed = try Event()
      for _ in 0..<2 {
        _ = try pool.submit(path, isClosed) { path, isClosed in
          try await isClosed.wait()
          usleep(50_000)
          TemporaryFile.append("apple", to: path)
        }
      }
      pool.close()
      if isCancelling { pool.cancelPending() }
      isClosed.set()
    }
    try await child.join()
    #expect(child.terminationStatus == .exited(0))
    if isCancelling { #expect(file.lines.count <= 1) } else { #expect(file.lines == ["apple", "apple"]) }
  }

  @Test func `a program whose pool was never closed ends`() async throws {
    let child = try ChildProcess.start {
      KeptPool.pool.withLock { $0 = try? ProcessPool(workers: 2) }
      return try await KeptPool.pool.withLock { $0 }?.map(0..<4) { $0 * $0 } ?? []
    }
    try await expectEqual(child.value, [0, 1, 4, 9])
    try await child.join()
    #expect(child.terminationStatus == .exited(0))
  }

  @Test(arguments: StartMethod.forTasks)
  func `an interrupt ends a program with a pool, and its workers with it`(method: StartMethod) async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path, method) { path, method in
      var configuration = ProcessPool.Configuration()
      configuration.context = ProcessContext(method)
      try await withProcessPool(workers: 2, configuration: configuration) { pool in
        try await pool.map([path, path]) { path in
          TemporaryFile.append("\(CurrentProcess.id)", to: path)
          try await Task.sleep(for: .seconds(1000))
        }
      }
    }
    #expect(await eventually { file.lines.count == 2 })
    try child.interrupt()
    try await child.join()
    #expect(child.terminationStatus == .signaled(SIGINT))
    let workers = file.lines.compactMap { ProcessID($0) }
    #expect(await eventually { workers.allSatisfy(ProcessInspection.isGone) })
    #expect(file.lines.count == 2)
  }

  private static func threadName() -> String {
    let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
    return String(name?.split(separator: "\n").first ?? "")
  }
}

private enum Sum {
  static let total = Atomic(0)
}

private enum KeptPool {
  static let pool = Mutex<ProcessPool?>(nil)
}
