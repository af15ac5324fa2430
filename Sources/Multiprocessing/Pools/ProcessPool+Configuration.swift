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
        && restartLimit.count >= 0
      guard isValid else {
        throw MultiprocessingError(
          .invalidArgument,
          """
          a pool needs at least one worker, limits above zero and minWorkers between 0 and the number of workers; got \
          \(workers) workers and \(self)
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
  /// now and then does not add up; with many retries of many tasks that crash every time, set a higher limit.
  public struct RestartLimit: Sendable {
    /// The number of workers.
    public var count = 10

    /// A limit.
    public init(count: Int = 10) { self.count = count }
  }
}
