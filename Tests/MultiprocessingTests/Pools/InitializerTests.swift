import Foundation
import Logging
import Synchronization
import Testing

@testable import Multiprocessing

enum WorkerState { static let value = Mutex("nothing") }

/// Sets the worker's state, or does not.
struct Prepare: ProcessTask {
  enum End: String, Codable { case well, throwing, crashing, exiting }
  var end = End.well
  var value = "prepared"
  var path: String?

  func run() async throws {
    if let path { TemporaryFile.append("\(CurrentProcess.id)", to: path) }
    switch end {
    case .well: WorkerState.value.withLock { $0 = value }
    case .throwing: throw CodableFailure(reason: "not prepared", places: [])
    case .crashing: abort()
    case .exiting: exit(5)
    }
  }
}

@Suite(.isolated) struct InitializerTests {
  @Test(arguments: StartMethod.forTasks)
  func `the initializer runs once in every worker, before its tasks`(method: StartMethod) async throws {
    let file = TemporaryFile()
    var configuration = ProcessPool.Configuration()
    configuration.context = ProcessContext(method)
    configuration.maxTasksPerWorker = 4
    let initializer = Prepare(value: "ready", path: file.path)
    try await withProcessPool(workers: 2, configuration: configuration, initializer: initializer) { pool in
      let states = try await pool.map(0..<40) { _ in WorkerState.value.withLock { $0 } }
      #expect(states == Array(repeating: "ready", count: 40))
    }
    #expect(file.lines.count >= 10)
    #expect(Set(file.lines).count == file.lines.count)
    #expect(WorkerState.value.withLock { $0 } == "nothing")
  }

  @Test func `a replaced worker is prepared again, by broadcasts too`() async throws {
    try await withProcessPool(workers: 1, initializer: Prepare(value: "a")) { pool in
      try await pool.broadcast("b") { added in WorkerState.value.withLock { $0 += added } }
      #expect(await code { _ = try await pool.run(EndWorker(way: .kill)) } == .childCrashed)
      try await expectEqual(pool.run { WorkerState.value.withLock { $0 } }, "ab")
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `the error of an initializer reaches waiting tasks and later calls`(method: StartMethod) async throws {
    var configuration = ProcessPool.Configuration()
    configuration.context = ProcessContext(method)
    let pool = try ProcessPool(workers: 2, configuration: configuration, initializer: Prepare(end: .throwing))
    let expected = CodableFailure(reason: "not prepared", places: [])
    let tasks = try? (0..<5).map { _ in try pool.submit { 1 } }
    for task in tasks ?? [] { await #expect(throws: expected) { _ = try await task.value } }
    #expect(await eventually { (try? pool.submit { 1 }) == nil })
    await #expect(throws: expected) { _ = try await pool.run { 1 } }
    await #expect(throws: expected) { _ = try await pool.map([1]) { $0 } }
    #expect(throws: expected) { _ = try pool.submit { 1 } }
    pool.close()
    try await pool.join()
  }

  @Test func `a failed initializer is logged as critical`() async throws {
    let child = try ChildProcess.start {
      try await output(of: 2) {
        logToStandardError(level: .critical)
        let pool = try ProcessPool(workers: 1, initializer: Prepare(end: .throwing))
        _ = try? await pool.run { 1 }
        await pool.terminate()
      }
    }
    let log = try await child.value
    #expect(log.contains("[CRITICAL/") && log.contains("not prepared"), "\(log)")
    try await child.join()
  }

  @Test(arguments: [Prepare.End.crashing, .exiting])
  func `an initializer that ends its worker is a crash loop, not a storm`(end: Prepare.End) async throws {
    let file = TemporaryFile()
    let pool = try ProcessPool(workers: 2, initializer: Prepare(end: end, path: file.path))
    let error = await #expect(throws: MultiprocessingError.self) { _ = try await pool.run { 1 } }
    #expect(error?.code == .crashLoop)
    let cause = error?.cause as? MultiprocessingError
    #expect(cause?.code == (end == .crashing ? .childCrashed : .childExited))
    #expect(error?.message.contains(cause?.message ?? "no cause") == true)
    #expect(await code { _ = try pool.submit { 1 } } == .crashLoop)
    pool.close()
    try await pool.join()
    #expect((11...14).contains(file.lines.count), "\(file.lines.count)")
  }

  @Test func `a pool whose initializer failed can be terminated at once`() async throws {
    for _ in 0..<5 {
      let pool = try ProcessPool(workers: 3, initializer: Prepare(end: .throwing))
      await pool.terminate()
    }
  }
}
