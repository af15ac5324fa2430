import Multiprocessing
import Testing

/// Every pool there is, for tests of what they have in common.
enum PoolKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case forkServer, spawn, threads, inline

  static var parallel: [PoolKind] { [.forkServer, .spawn, .threads] }

  var testDescription: String { rawValue }

  func make(workers: Int = 2) throws -> any WorkerPool {
    switch self {
    case .forkServer: try processPool(workers, .forkServer)
    case .spawn: try processPool(workers, .spawn)
    case .threads: try ThreadPool(threads: workers)
    case .inline: InlinePool()
    }
  }

  /// A pool for the length of `body`; nothing is left of it then.
  func withPool(workers: Int = 2, _ body: (any WorkerPool) async throws -> Void) async throws {
    let pool = try make(workers: workers)
    do {
      try await body(pool)
    } catch {
      await pool.terminate()
      throw error
    }
    await pool.terminate()
  }

  private func processPool(_ workers: Int, _ method: StartMethod) throws -> ProcessPool {
    var configuration = ProcessPool.Configuration()
    configuration.context = ProcessContext(method)
    return try ProcessPool(workers: workers, configuration: configuration)
  }
}

/// Sleeps, notices its cancellation, and answers.
struct Nap: ProcessTask {
  var milliseconds = 100_000
  var answer = 0
  /// Where it says that it has begun.
  var path: String?

  func run() async throws -> Int {
    if let path { TemporaryFile.append("\(answer)", to: path) }
    try await Task.sleep(for: .milliseconds(milliseconds))
    return answer
  }
}

/// Says that it has begun, and answers when the gate is open; notices its cancellation.
struct Gated: ProcessTask {
  var answer = 0
  var path: String?
  var gate: Event

  func run() async throws -> Int {
    if let path { TemporaryFile.append("\(answer)", to: path) }
    try await gate.wait()
    return answer
  }
}

/// Throws an error of its own type.
struct Failing: ProcessTask {
  var reason = "wanted"
  func run() async throws -> Int { throw CodableFailure(reason: reason, places: [1, 2]) }
}
