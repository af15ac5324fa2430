/// Runs everything in the caller: for debugging, and where processes are not allowed.
///
/// `run` and `map` run the task in the calling Swift task, one after another; `submit` and `stream` run them one at a time
/// in tasks of their own. Nothing is encoded, but closures that capture are refused as everywhere.
public final class InlinePool: WorkerPool {
  /// The dispatcher.
  public let core: PoolCore

  /// Makes the pool.
  public init() {
    let machine = PoolMachine.Configuration(workers: 1, minWorkers: 1, canKill: false)
    core = PoolCore(PoolDriver(machine, backend: LocalBackend(on: .anywhere)), isInline: true)
    core.driver.handle(.open)
  }

  deinit { core.driver.handle(.close) }

  /// What the pool has done so far, without what ran in the caller's own task.
  public var statistics: PoolStatistics { core.driver.statistics }
}
