extension ProcessPool {
  /// How a pool's workers are started, recycled and stopped.
  public struct Configuration: Sendable {
    /// How workers are started. With limits, a task above them fails with `limitExceeded`.
    public var context = ProcessContext.default
    /// Replace a worker after so many tasks.
    public var maxTasksPerWorker: Int?
    /// Replace a worker between tasks when its private memory (RssAnon), in bytes, is above.
    public var maxWorkerMemory: Int?
    /// Let workers go that had no task for so long, down to `minWorkers`; they come back with work.
    public var idleTimeout: Duration?
    /// How many workers stay however idle; nil: one.
    public var minWorkers: Int?
    /// Between asking a worker to stop (SIGTERM) and killing it (SIGKILL). A worker that is told to end has it twice: to
    /// end by itself, exit handlers and children that it has to join included, and then for SIGTERM.
    public var gracePeriod: Duration = .seconds(1)
    /// Binds each worker to one of these sets of processors, to the one that the fewest workers have; empty: workers run
    /// where this process may.
    public var processors: [Set<Int>] = []
    /// How nice workers are, 0 to 19: higher ones leave the processor to others; nil: as this process.
    public var niceness: Int?
    /// How many threads each worker is to use; nil: its share of `CurrentProcess.availableParallelism`.
    ///
    /// Told to numeric libraries in `OMP_NUM_THREADS`, `OPENBLAS_NUM_THREADS`, `MKL_NUM_THREADS` and the like, unless the
    /// environment has them; and it is the worker's own `availableParallelism`, so that a pool in a worker has a worker
    /// for each, and not for each processor of the machine. Swift's own threads are as many as the processors.
    public var threadsPerWorker: Int?
    /// Hands what workers log by swift-log, from this level on, to the handler of this process; nil: workers log by
    /// themselves.
    ///
    /// Records come with `process`, `worker` and `task`, and with the text values of the metadata of `Logger.current` (and
    /// its provider) where the task was submitted. Those of one worker keep their order, and what is logged right before a
    /// crash arrives. A worker's logging system is set up before any code of yours then: do not call
    /// `LoggingSystem.bootstrap` in a worker. To do it by yourself, leave this nil and use `WorkerLogHandler`.
    public var forwardedLogLevel: LogLevel?
    /// When to give up on workers that end one after another.
    public var restartLimit = RestartLimit()
    /// A worker that has not said that it is there by then is killed, and counts as lost. A start takes milliseconds; one
    /// that was stopped meanwhile would keep what waits for it waiting.
    var greetingLimit = Duration.seconds(30)

    /// The usual.
    public init() {}

    func check(workers: Int) throws {
      let isValid =
        workers > 0 && (maxTasksPerWorker ?? 1) > 0 && (maxWorkerMemory ?? 1) > 0 && (minWorkers ?? 0) >= 0
        && (minWorkers ?? 0) <= workers && gracePeriod >= .zero && (idleTimeout ?? .seconds(1)) > .zero
        && restartLimit.count >= 0 && (threadsPerWorker ?? 1) > 0 && (0...19).contains(niceness ?? 0)
        && processors.allSatisfy { !$0.isEmpty && $0.allSatisfy((0..<65536).contains) }
      guard isValid else {
        throw MultiprocessingError(
          .invalidArgument,
          """
          a pool needs at least one worker, limits above zero, minWorkers between 0 and the number of workers, a niceness \
          from 0 to 19 and no empty set of processors; got \(workers) workers and \(self)
          """)
      }
    }
  }

  /// How many workers may end one after another before *any* worker of the pool completed a task; a completion starts
  /// the count anew. Above it the pool is closed, and pending work fails with `crashLoop`.
  ///
  /// Every end counts that the pool did not ask for: in the start, in the initializer, idle or with a task, be it the
  /// task's last try or not. A task that throws is completed. So eleven tasks that all crash, and nothing else, reach the
  /// usual limit. What is tried again (`TaskOptions.retries`) runs between the other tasks and not after them, so a crash
  /// now and then does not add up; with many retries of many tasks that crash every time, set a higher limit. Workers that
  /// the system cannot start (no descriptors, no memory) count once for each try, and are tried again after a tenth of a
  /// second at first and after 1.6 seconds at last: the usual limit is reached in some eleven seconds.
  public struct RestartLimit: Sendable {
    /// The number of workers.
    public var count = 10

    /// A limit.
    public init(count: Int = 10) { self.count = count }
  }
}
