import Foundation
import Testing

@testable import Multiprocessing

/// What a task keeps on purpose; where the optimiser sees that it is kept.
nonisolated(unsafe) private var hoard: UnsafeMutableRawPointer?

/// Done when as many processes as wanted run such tasks.
struct Meeting: ProcessTask {
  var path: String
  var size: Int

  func run() async throws -> ProcessID {
    TemporaryFile.append("\(CurrentProcess.id)", to: path)
    while Set(TemporaryFile.lines(of: path)).count < size { try await Task.sleep(for: .milliseconds(2)) }
    return CurrentProcess.id
  }

  /// Who has met in a pool.
  static func run(in pool: ProcessPool, size: Int) async throws -> Set<ProcessID> {
    let file = TemporaryFile()
    let meetings = [Meeting](repeating: Meeting(path: file.path, size: size), count: 10 * size)
    return Set(try await pool.run(all: meetings, options: .chunkSize(1)))
  }
}

@Suite(.isolated) struct WorkerCountTests {
  @Test(arguments: StartMethod.forTasks)
  func `workers are replaced after their number of tasks`(method: StartMethod) async throws {
    try await withWorkers(1, method, configured { $0.maxTasksPerWorker = 3 }) { pool in
      var ids: [ProcessID] = []
      for _ in 0..<7 { ids.append(try await pool.run { CurrentProcess.id }) }
      #expect(Set(ids[0..<3]).count == 1 && Set(ids[3..<6]).count == 1)
      #expect(Set(ids).count == 3)
      #expect(await eventually { pool.workers.count == 1 })
    }
  }

  @Test(arguments: [1, 10])
  func `every task is run whatever the number of tasks per worker`(limit: Int) async throws {
    try await withWorkers(3, .forkServer, configured { $0.maxTasksPerWorker = limit }) { pool in
      let answers = try await pool.map(0..<60) { [$0 * $0, Int(CurrentProcess.id)] }
      #expect(answers.map { $0[0] } == (0..<60).map { $0 * $0 })
      // Not each of the first workers need have had so many: which ones do is chance.
      let tasks = Dictionary(grouping: answers) { $0[1] }.mapValues(\.count)
      #expect(tasks.values.allSatisfy { $0 <= limit }, "\(tasks)")
      #expect(await eventually { pool.workers.count == 3 })
      let last = try (0..<6).map { number in try pool.submit(number) { $0 } }
      pool.close()
      try await pool.join()
      for (number, task) in last.enumerated() { try await expectEqual(task.value, number) }
    }
  }

  @Test func `a worker that has grown is replaced between tasks`() async throws {
    try await withWorkers(1, .forkServer, configured { $0.maxWorkerMemory = 150_000_000 }) { pool in
      let first = try await pool.run { CurrentProcess.id }
      try await expectEqual(pool.run { CurrentProcess.id }, first)
      let grown = try await pool.run { () -> ProcessID in
        hoard = malloc(200_000_000)
        hoard.map { _ = memset($0, 1, 200_000_000) }
        return CurrentProcess.id
      }
      #expect(grown == first)
      #expect(await eventually { pool.workers.first.map { $0.processID != first } ?? false })
      try await expectEqual(pool.run { CurrentProcess.id } != first, true)
    }
  }

  @Test func `idle workers are let go and come back with work`() async throws {
    let change = { (configuration: inout ProcessPool.Configuration) in
      configuration.idleTimeout = .milliseconds(150)
      configuration.minWorkers = 1
    }
    try await withWorkers(3, .forkServer, configured(change)) { pool in
      try await expectEqual(Meeting.run(in: pool, size: 3).count, 3)
      #expect(await eventually { pool.workers.count == 1 })
      try await expectEqual(Meeting.run(in: pool, size: 3).count, 3)
    }
  }

  @Test func `workers that never had a task are let go for being idle too`() async throws {
    let change = { (configuration: inout ProcessPool.Configuration) in configuration.idleTimeout = .milliseconds(100) }
    try await withWorkers(3, .forkServer, configured(change)) { pool in
      #expect(await eventually { pool.workers.count == 1 })
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test func `a pool has as many workers as wanted, whatever the load`() async throws {
    try await withWorkers(2) { pool in
      let ids = try await Meeting.run(in: pool, size: 2)
      #expect(ids.count == 2)
      #expect(pool.workers.count == 2 && Set(pool.workers.map(\.processID)) == ids)
    }
  }

  @Test func `resizing changes the number of workers while tasks run`() async throws {
    try await withWorkers(1) { pool in
      let tasks = try (0..<30).map { try pool.submit(Nap(milliseconds: 10, answer: $0)) }
      try await pool.resize(to: 4)
      #expect(pool.workerCount == 4)
      #expect(await eventually { pool.workers.count == 4 })
      try await pool.resize(to: 2)
      #expect(await eventually { pool.workers.count == 2 })
      for (number, task) in tasks.enumerated() { try await expectEqual(task.value, number) }
      #expect(await code { try await pool.resize(to: 0) } == .invalidArgument)
      pool.close()
      #expect(await code { try await pool.resize(to: 2) } == .closed)
    }
  }

  @Test func `tasks of one key run in one worker`() async throws {
    try await withWorkers(3) { pool in
      let tasks = try (0..<24).map { number in
        try pool.submit(options: TaskOptions(affinityKey: "\(number % 2)")) { () -> ProcessID in
          try await Task.sleep(for: .milliseconds(3))
          return CurrentProcess.id
        }
      }
      var ids: [[ProcessID]] = [[], []]
      for (number, task) in tasks.enumerated() { ids[number % 2].append(try await task.value) }
      #expect(Set(ids[0]).count == 1 && Set(ids[1]).count == 1)
    }
  }

  @Test func `workers and statistics tell what there is and what was done`() async throws {
    try await withWorkers(2) { pool in
      let task = try pool.submit(Nap())
      #expect(await eventually { pool.workers.filter(\.isBusy).count == 1 })
      task.cancel()
      _ = try? await task.value
      for number in 0..<10 {
        _ = try? await pool.run(number) { if $0 == 3 { throw CodableFailure(reason: "", places: []) } }
      }
      let workers = pool.workers
      #expect(workers.allSatisfy { $0.processID > 0 && $0.privateMemory > 0 })
      #expect(workers.map(\.id) == workers.map(\.id).sorted())
      let statistics = pool.statistics
      #expect(statistics.submitted == 11 && statistics.completed == 9 && statistics.failed == 2)
      #expect("\(statistics)" == "submitted 11, completed 9, failed 2, crashed 0, retried 0")
    }
  }

  @Test func `numbers out of range are refused`() async throws {
    let changes: [@Sendable (inout ProcessPool.Configuration) -> Void] = [
      { $0.maxTasksPerWorker = 0 }, { $0.maxTasksPerWorker = -1 }, { $0.maxWorkerMemory = 0 }, { $0.minWorkers = -1 },
      { $0.minWorkers = 3 }, { $0.idleTimeout = .zero }, { $0.gracePeriod = .seconds(-1) },
      { $0.restartLimit.count = -1 },
    ]
    for change in changes {
      #expect(await code { try await withWorkers(2, .forkServer, configured(change)) { _ in } } == .invalidArgument)
    }
    #expect(await code { try await withWorkers(2, .fork) { _ in } } == .unsupported)
  }

  @Test func `when a worker cannot be started, none is left`() async throws {
    let child = try ChildProcess.start {
      ResourceFiles.limit(to: ProcessInspection.descriptors().count + 14)
      let failure = await code { _ = try ProcessPool(workers: 30) }
      let isEmpty = await eventually { OwnResources.now().children.isEmpty }
      return "\(failure?.description ?? "none") \(isEmpty)"
    }
    try await expectEqual(child.value, "startFailed true")
    try await child.join()
  }
}

enum ResourceFiles {
  static func limit(to count: Int) {
    var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(count))
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
