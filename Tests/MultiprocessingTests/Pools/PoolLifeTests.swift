import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct PoolLifeTests {
  @Test func `a scoped pool is joined when its body returns`() async throws {
    let task = try await withProcessPool(workers: 2) { pool in
      try pool.submit(Nap(milliseconds: 100, answer: 4))
    }
    #expect(task.isDone)
    try await expectEqual(task.value, 4)
  }

  @Test func `a scoped pool is terminated when its body throws`() async throws {
    var tasks: [PoolTask<Int>] = []
    await #expect(throws: CodableFailure.self) {
      try await withProcessPool(workers: 2) { pool in
        tasks = try (0..<5).map { try pool.submit(Nap(answer: $0)) }
        throw CodableFailure(reason: "body", places: [])
      }
    }
    let cancelled = tasks.count { $0.isCancelled }
    #expect(cancelled == 5)
    #expect(await eventually { OwnResources.now().children.isEmpty })
  }

  @Test func `a scoped pool is terminated when its caller is cancelled`() async throws {
    let file = TemporaryFile()
    let caller = Task {
      try await withProcessPool(workers: 2) { pool in _ = try await pool.run(Spin(path: file.path)) }
    }
    #expect(await eventually { !file.lines.isEmpty })
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    #expect(await eventually { OwnResources.now().children.isEmpty })
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child has pools of its own, and workers too`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method) { method in
      var configuration = ProcessPool.Configuration()
      configuration.context = ProcessContext(method)
      return try await withProcessPool(workers: 2, configuration: configuration) { pool in
        try await pool.map(0..<10) { number in try await runIsolated(number) { $0 * 3 } }
      }
    }
    try await expectEqual(child.value, (0..<10).map { $0 * 3 })
    try await child.join()
  }

  @Test(arguments: StartMethod.available)
  func `processes draw random numbers of their own`(method: StartMethod) async throws {
    let draw = { @Sendable in (0..<4).map { _ in UInt64.random(in: 0 ... .max) } }
    var drawn = [draw()]
    for _ in 0..<4 {
      let child =
        method == .fork
        ? try ChildProcess.fork { draw() }
        : try ChildProcess.start(context: ProcessContext(method)) { (0..<4).map { _ in UInt64.random(in: 0 ... .max) } }
      drawn.append(try await child.value)
      try await child.join()
    }
    #expect(Set(drawn.flatMap(\.self)).count == 20)
  }

  @Test func `many pools come and go, by every end, and leave nothing`() async throws {
    for round in 0..<24 {
      let pool = try ProcessPool(workers: 2)
      let task = try pool.submit(round) { $0 }
      switch round % 4 {
      case 0: try await expectEqual(task.value, round)
      case 1: await pool.terminate()
      case 2:
        pool.close()
        try await pool.join()
      default: pool.cancelAll()
      }
    }
  }

  @Test func `threads of dropped pools end`() async throws {
    let before = workerThreads()
    for _ in 0..<20 {
      let pool = try ThreadPool(threads: 4)
      try await expectEqual(pool.map(0..<8) { $0 }, Array(0..<8))
    }
    #expect(await eventually { workerThreads() <= before + 4 })
  }

  @Test func `a large pool works`() async throws {
    try await withWorkers(40) { pool in
      let squares = try await pool.map(0..<1000) { $0 * $0 }
      #expect(squares.reduce(0, +) == 332_833_500)
    }
  }

  @Test func `arguments and results are let go after their task`() async throws {
    try await withWorkers(1) { pool in
      let alive = try await pool.run(Tracked()) { _ in Tracked.alive.load(ordering: .relaxed) }
      #expect(alive == 1)
      try await expectEqual(pool.run { Tracked.alive.load(ordering: .relaxed) }, 0)
    }
  }

  /// Other suites have threads too, but no pools meanwhile.
  private func workerThreads() -> Int {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return threads.count { thread in
      let name = try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)
      return name?.hasPrefix("mp-worker") == true
    }
  }
}

/// Counts its instances in this process.
final class Tracked: Codable, Sendable {
  static let alive = Atomic(0)
  let text = "tracked"

  init() { Self.alive.add(1, ordering: .relaxed) }
  init(from decoder: any Decoder) throws { Self.alive.add(1, ordering: .relaxed) }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
  deinit { Self.alive.subtract(1, ordering: .relaxed) }
}
