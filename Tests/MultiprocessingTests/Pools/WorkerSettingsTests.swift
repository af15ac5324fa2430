import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct WorkerSettingsTests {
  @Test(arguments: StartMethod.forTasks)
  func `numeric libraries in workers are told their share of the processors`(method: StartMethod) async throws {
    let configuration = configured { $0.threadsPerWorker = 3 }
    try await withWorkers(1, method, configuration) { pool in
      let names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"]
      let values = try await pool.map(names) { ProcessInfo.processInfo.environment[$0] }
      #expect(values == names.map { ProcessInfo.processInfo.environment[$0] ?? "3" })
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `what the environment says about threads stays`(method: StartMethod) async throws {
    var configuration = configured { $0.threadsPerWorker = 3 }
    configuration.context = ProcessContext(method, environment: ["OMP_NUM_THREADS": "7"])
    try await withProcessPool(workers: 1, configuration: configuration) { pool in
      let values = try await pool.map(["OMP_NUM_THREADS", "MKL_NUM_THREADS"]) {
        ProcessInfo.processInfo.environment[$0]
      }
      #expect(values == ["7", "3"])
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a pool in a worker gets the worker's share`(method: StartMethod) async throws {
    try await withWorkers(CurrentProcess.availableParallelism, method) { pool in
      let nested = try await pool.run {
        let pool = try ProcessPool()
        defer { pool.close() }
        let grandchild = try await ChildProcess.start { CurrentProcess.availableParallelism }.value
        return [CurrentProcess.availableParallelism, pool.workerCount, grandchild]
      }
      #expect(nested == [1, 1, 1])
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `workers are as nice as they are told, and their replacements too`(method: StartMethod) async throws {
    let configuration = configured {
      $0.niceness = 5
      $0.maxTasksPerWorker = 1
    }
    try await withWorkers(1, method, configuration) { pool in
      for _ in 0..<2 {
        try await expectEqual(pool.run { getpriority(Int32(PRIO_PROCESS.rawValue), 0) }, 5)
      }
    }
  }

  @Test func `each worker is bound to the processors that the fewest have`() async throws {
    let processors = Placement.processors.sorted().prefix(2)
    let configuration = configured { $0.processors = processors.map { [$0] } }
    try await withWorkers(processors.count, .forkServer, configuration) { pool in
      // The main thread binds itself before the worker joins.
      _ = try await pool.map(0..<8) { $0 }
      let expected = Set(processors.map { "\($0)" })
      #expect(await eventually { Set(pool.workers.map { Self.allowed($0.processID) }) == expected })
    }
  }

  @Test func `settings out of range are refused`() async {
    let changes: [(inout ProcessPool.Configuration) -> Void] = [
      { $0.niceness = 20 }, { $0.niceness = -1 }, { $0.threadsPerWorker = 0 }, { $0.processors = [[]] },
      { $0.processors = [[-1]] },
    ]
    for change in changes {
      #expect(await code { _ = try ProcessPool(workers: 1, configuration: configured(change)) } == .invalidArgument)
    }
  }

  private static func allowed(_ process: ProcessID) -> String {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    return line?.split(separator: "\t").last.map(String.init) ?? ""
  }
}
