import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

/// The code of the library's error that `body` throws; nil when it throws none.
func code(of body: () async throws -> Void) async -> MultiprocessingError.Code? {
  do {
    try await body()
    return nil
  } catch {
    return (error as? MultiprocessingError)?.code
  }
}

/// Runs `body` on a thread of its own, where blocking is allowed.
func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
    Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
  }
}

/// The usual configuration with a change.
func configured(_ change: (inout ProcessPool.Configuration) -> Void) -> ProcessPool.Configuration {
  var configuration = ProcessPool.Configuration()
  change(&configuration)
  return configuration
}

/// A change of the configuration: resistance is broken soon.
func hasty(_ configuration: inout ProcessPool.Configuration) { configuration.gracePeriod = .milliseconds(50) }

/// A change of the configuration: whoever has to wait for a grace period is found by the watchdog.
func patient(_ configuration: inout ProcessPool.Configuration) { configuration.gracePeriod = .seconds(30) }

/// Runs `body` with a process pool, and expects that it is gone afterwards.
func withWorkers(
  _ workers: Int, _ method: StartMethod = .forkServer, _ configuration: ProcessPool.Configuration = .init(),
  _ body: (ProcessPool) async throws -> Void
) async throws {
  var configuration = configuration
  configuration.context = ProcessContext(method)
  let pool = try ProcessPool(workers: workers, configuration: configuration)
  do {
    try await body(pool)
  } catch {
    await pool.terminate()
    throw error
  }
  await pool.terminate()
}

/// Expects two values to be equal. As a function, because inside `#expect` a throwing call on an `any WorkerPool` is taken
/// for unhandled by the compiler.
func expectEqual<Value: Equatable>(
  _ value: Value, _ expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, sourceLocation: sourceLocation)
}

extension WorkerPool {
  /// What workers have and have not answered. What is cancelled in a worker's hand is dropped there, and answered, a
  /// moment after its caller is told.
  var itemsInHand: [PoolMachine.ItemID] {
    core.driver.state.withLock { $0.machine.workers.flatMap(\.value.inHand) }
  }
}
