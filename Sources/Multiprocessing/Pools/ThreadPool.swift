internal import Synchronization

/// A pool of threads in this process, with the face of `ProcessPool`.
///
/// Swift threads run in parallel, so this is the faster pool for code that neither crashes nor hangs. A task that traps
/// ends the program, and a thread cannot be stopped: options with a timeout throw `unsupported`, and cancelling a running
/// task cancels its Swift task, which code must look at. Tasks may block: each worker is a thread of its own.
public final class ThreadPool: WorkerPool {
  /// The dispatcher.
  public let core: PoolCore

  /// Makes a pool and starts its threads.
  ///
  /// - Parameter threads: how many, at least 1.
  /// - Throws: `invalidArgument` for less than one, `startFailed` when a thread cannot be started.
  public init(threads: Int = CurrentProcess.availableParallelism) throws {
    guard threads > 0 else {
      throw MultiprocessingError(.invalidArgument, "a pool needs at least one thread, not \(threads)")
    }
    let machine = PoolMachine.Configuration(workers: threads, minWorkers: threads, canKill: false)
    core = PoolCore(PoolDriver(machine, backend: LocalBackend(on: .threads)))
    try core.driver.open()
  }

  deinit { core.driver.handle(.close) }

  /// What the pool has done so far.
  public var statistics: PoolStatistics { core.driver.statistics }
}
