import Foundation
import Testing

@testable import Multiprocessing

/// A result that stops its worker while it is written. With a string, so that it is not copied as bytes.
struct StopsTheWriter: Codable, Sendable {
  var text = "text"

  init() {}
  init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

  func encode(to encoder: any Encoder) throws {
    if CurrentProcess.parent != nil { raise(SIGSTOP) }
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Never done, as an initializer; deaf to cancellation.
private struct NeverReady: ProcessTask {
  var path: String

  func run() async throws {
    TemporaryFile.append("begun", to: path)
    while true { usleep(1000) }
  }
}

/// The ways to be rid of a task.
enum Riddance: CaseIterable, Sendable { case cancel, cancelAll, timeout, terminate, error }

/// A pool ends within two grace periods, whatever its workers do. The watchdog tells when it does not.
@Suite(.isolated) struct ClosingTests {
  @Test(arguments: StartMethod.forTasks)
  func `a stopped idle worker does not hold up the end of its pool`(method: StartMethod) async throws {
    try await withWorkers(2, method, configured(hasty)) { pool in
      _ = try await pool.map(0..<4) { $0 }
      let worker = try #require(pool.workers.first?.processID)
      kill(worker, SIGSTOP)
      pool.close()
      try await pool.join()
      #expect(ProcessInspection.isGone(worker))
    }
  }

  @Test func `a stopped idle worker does not hold up the end of a scope`() async throws {
    try await withProcessPool(workers: 2, configuration: configured(hasty)) { pool in
      _ = try await pool.map(0..<4) { $0 }
      for worker in pool.workers { kill(worker.processID, SIGSTOP) }
    }
    #expect(await eventually { OwnResources.now().children.isEmpty })
  }

  @Test func `a worker that was stopped before its greeting does not hold up the end`() async throws {
    let script = TemporaryFile()
    TemporaryFile.append("#!/bin/sh\nkill -STOP $$", to: script.path)
    chmod(script.path, 0o700)
    let configuration = configured {
      hasty(&$0)
      $0.context = ProcessContext(executable: script.path)
    }
    for isTerminated in [false, true] {
      let pool = try ProcessPool(workers: 2, configuration: configuration)
      #expect(await eventually { pool.workers.allSatisfy { ProcessInspection.state(of: $0.processID) == "T" } })
      let task = try pool.submit(Nap())
      if isTerminated {
        await pool.terminate()
      } else {
        task.cancel()
        pool.close()
        try await pool.join()
      }
      #expect(task.isCancelled)
    }
  }

  @Test(arguments: Riddance.allCases)
  func `a worker stopped in the middle of its result is ended`(way: Riddance) async throws {
    var stopped: ProcessID?
    do {
      try await withProcessPool(workers: 1, configuration: configured(hasty)) { pool in
        let worker = try await pool.run { CurrentProcess.id }
        stopped = worker
        let options = way == .timeout ? TaskOptions.timeout(.milliseconds(300)) : TaskOptions()
        let task = try pool.submit(options: options) { StopsTheWriter() }
        // Its time may be over before that is seen.
        #expect(await eventually { ProcessInspection.state(of: worker) == "T" || way == .timeout && task.isDone })
        switch way {
        case .cancel: task.cancel()
        case .cancelAll: pool.cancelAll()
        case .timeout: break
        case .terminate: await pool.terminate()
        case .error: throw CodableFailure(reason: "body", places: [])
        }
        await #expect(throws: (any Error).self) { _ = try await task.value }
      }
    } catch is CodableFailure {
      #expect(way == .error)
    }
    #expect(ProcessInspection.isGone(try #require(stopped)))
  }

  @Test func `a stopped busy worker goes on when it is continued, although its pool is closed`() async throws {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let (file, mayEnd) = (TemporaryFile(), try Event())
      let task = try pool.submit(file.path, mayEnd) { path, mayEnd in
        TemporaryFile.append("begun", to: path)
        try await mayEnd.wait()
        return 4
      }
      #expect(await eventually { !file.lines.isEmpty })
      let worker = try #require(pool.workers.first?.processID)
      kill(worker, SIGSTOP)
      #expect(await eventually { ProcessInspection.state(of: worker) == "T" })
      pool.close()
      // Many grace periods.
      try await Task.sleep(for: .seconds(1))
      #expect(ProcessInspection.state(of: worker) == "T")
      mayEnd.set()
      kill(worker, SIGCONT)
      try await expectEqual(task.value, 4)
      try await pool.join()
    }
  }

  @Test func `a worker whose main thread was taken by its task is ended`() async throws {
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      try await pool.run { _ = Task.detached { @MainActor in while true { usleep(1000) } } }
      pool.close()
      try await pool.join()
    }
  }

  @Test func `a worker that never gets through its initializer is ended`() async throws {
    let file = TemporaryFile()
    let pool = try ProcessPool(
      workers: 1, configuration: configured(hasty), initializer: NeverReady(path: file.path))
    #expect(await eventually { !file.lines.isEmpty })
    pool.close()
    try await pool.join()
  }

  @Test func `a worker whose exit handler hangs is terminated, then killed`() async throws {
    var lines: [String] = []
    // On a busy machine a worker may be killed before it has said anything: then again, with more patience.
    for grace in [300, 2000, 8000] where lines.count != 4 {
      lines = try await endOfHangingWorkers(grace: .milliseconds(grace))
    }
    #expect(lines.count == 4)
    #expect(lines.suffix(2) == ["terminated", "terminated"])
  }

  /// What two workers say that hang in their exit handlers.
  private func endOfHangingWorkers(grace: Duration) async throws -> [String] {
    let file = TemporaryFile()
    try await withWorkers(2, .forkServer, configured { $0.gracePeriod = grace }) { pool in
      try await pool.broadcast(file.path) { path in
        kept = ExitHandler {
          signal(SIGTERM) { _ in TemporaryFile.append("terminated", to: terminationPath) }
          terminationPath = path
          TemporaryFile.append("\(CurrentProcess.id)", to: path)
          while true { usleep(1000) }
        }
      }
      pool.close()
      try await pool.join()
    }
    return file.lines
  }

  @Test func `a worker that retires while its pool goes on is ended too`() async throws {
    try await withWorkers(2, .forkServer, configured(hasty)) { pool in
      _ = try await pool.map(0..<4) { $0 }
      let workers = pool.workers.map(\.processID)
      for worker in workers { kill(worker, SIGSTOP) }
      try await pool.resize(to: 1)
      #expect(await eventually { workers.count(where: ProcessInspection.isGone) == 1 })
      for worker in workers { kill(worker, SIGCONT) }
      try await expectEqual(pool.run { 1 }, 1)
    }
  }
}

/// What a worker keeps for its end. Written by one task, before the end.
nonisolated(unsafe) private var kept: ExitHandler?
nonisolated(unsafe) private var terminationPath = ""
