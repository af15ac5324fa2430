internal import MultiprocessingSystem
internal import Synchronization

/// A pool of worker processes.
///
/// ```swift
/// try await withProcessPool { pool in
///   print(try await pool.map([2, 3, 5, 8]) { isPrime($0) })
/// }
/// ```
///
/// A worker that dies fails its own task only, and is replaced; the others go on. Dropping the last reference is
/// `close()`: what was submitted finishes, then the workers end. At the end of the program, tasks that were submitted
/// are waited for. When this process dies, the workers are killed at once.
public final class ProcessPool: WorkerPool {
  /// The dispatcher.
  public let core: PoolCore

  /// Makes a pool and starts its workers.
  ///
  /// - Parameters:
  ///   - workers: how many, at least 1.
  ///   - configuration: how workers are started, recycled and stopped.
  /// - Throws: `invalidArgument` for numbers out of range, `unsupported` for start method `fork`, `startFailed` when a
  ///   worker cannot be started: those that were are ended again.
  public init(
    workers: Int = CurrentProcess.availableParallelism, configuration: Configuration = Configuration()
  ) throws {
    core = PoolCore(try Self.driver(workers, configuration, initializer: nil))
    try core.driver.open()
  }

  /// Makes a pool whose workers run `initializer` before their first task: it sets the worker's state, in globals of
  /// yours.
  ///
  /// - Throws: as `init(workers:configuration:)`; and `notTransferable` for an initializer that cannot cross. When it
  ///   throws in a worker, the pool breaks: pending and later calls throw its error.
  public init<I: ProcessTask>(
    workers: Int = CurrentProcess.availableParallelism, configuration: Configuration = Configuration(),
    initializer: I
  ) throws where I.Output == Void {
    core = PoolCore(try Self.driver(workers, configuration, initializer: try TaskSource(initializer)))
    try core.driver.open()
  }

  deinit { core.driver.handle(.close) }

  private static func driver(
    _ workers: Int, _ configuration: Configuration, initializer: TaskSource<Void>?
  ) throws -> PoolDriver {
    try configuration.check(workers: workers)
    let backend = try ProcessBackend(configuration, workers: workers)
    let machine = PoolMachine.Configuration(
      workers: workers, minWorkers: configuration.minWorkers ?? 1, canKill: true,
      restartLimit: configuration.restartLimit.count, maxTasksPerWorker: configuration.maxTasksPerWorker)
    let settings = PoolDriver.Settings(
      gracePeriod: configuration.gracePeriod, idleTimeout: configuration.idleTimeout,
      maxWorkerMemory: configuration.maxWorkerMemory,
      forwardsLogs: configuration.forwardedLogLevel != nil)
    return PoolDriver(
      machine, backend: backend, settings: settings, initializer: try initializer?.job(for: backend.capabilities))
  }
}

extension ProcessPool {
  /// The workers now, in the order of their starts.
  public var workers: [WorkerInfo] {
    core.driver.workers.compactMap { id, worker in
      core.driver.backend.facts(of: id).map { facts in
        WorkerInfo(
          id: id, processID: facts.processID, tasksCompleted: worker.completed, privateMemory: facts.privateMemory,
          isBusy: !worker.inHand.isEmpty)
      }
    }
  }

  /// What the pool has done so far.
  public var statistics: PoolStatistics { core.driver.statistics }

  /// Changes the number of workers. Surplus workers end after what they have in hand; new ones start at once.
  ///
  /// - Throws: `invalidArgument` for less than 1; `closed`, or what ended the pool.
  public func resize(to workers: Int) async throws {
    guard workers > 0 else {
      throw MultiprocessingError(.invalidArgument, "a pool needs at least one worker, not \(workers)")
    }
    guard core.driver.isOpen else { throw core.driver.closingReason }
    core.driver.handle(.resize(workers))
    // Another thread may be performing what this led to.
    while core.driver.isPerforming { await Task.yield() }
  }
}
