/// Where the time of a pool's workers went, and how long its tasks ran.
///
/// ```swift
/// print(pool.insights)
/// ```
///
/// A task counts when it has ended. Measuring costs some 40 nanoseconds for each answer of a worker, and two
/// looks at the clock in the worker.
public struct PoolInsights: Sendable, Codable {
  /// The times of one worker. Its whole life is start-up, waiting, working and exit.
  public struct WorkerTimes: Sendable, Codable {
    /// Its number in the pool; 0 for all together.
    public var id = 0
    /// Its process; nil for a thread, and for all together.
    public var processID: ProcessID?
    /// Tasks it has answered.
    public var tasks = 0
    /// From its start to its first task: the process and the initializer.
    public var startUp = Duration.zero
    /// Without a task.
    public var waiting = Duration.zero
    /// In tasks that have ended, the decoding of arguments and the encoding of results included.
    public var working = Duration.zero
    /// From being told to end to the end.
    public var exit = Duration.zero
  }

  /// How long the tasks ran. Times are right to an eighth.
  public struct RunTimes: Sendable, Codable {
    /// Tasks that ended.
    public var count = 0
    /// Half of the tasks took no longer.
    public var p50 = Duration.zero
    /// 90 of 100 took no longer.
    public var p90 = Duration.zero
    /// 99 of 100 took no longer.
    public var p99 = Duration.zero
    /// The longest. Exact.
    public var max = Duration.zero
    /// How many took at most so long, and longer than the one before; those without any are left out.
    public var histogram: [Bucket] = []
  }

  /// One bar of a histogram.
  public struct Bucket: Sendable, Codable {
    /// The longest time that belongs here.
    public var upTo: Duration
    /// How many tasks.
    public var count: Int
  }

  /// A task that took long.
  public struct SlowTask: Sendable, Codable {
    /// The task's type and content, or where the closure is and what it was given; arguments above 1 KiB are left out.
    public var description: String
    /// The worker that ran it.
    public var worker: Int
    /// How long it ran.
    public var runTime: Duration
  }

  /// The workers that are there, and up to a hundred that ended last, in the order of their starts.
  public var workers: [WorkerTimes]
  /// All workers there have been.
  public var total: WorkerTimes
  /// Of all tasks.
  public var runTimes: RunTimes
  /// The five that took longest, the slowest first.
  public var slowestTasks: [SlowTask]
}

extension PoolInsights.WorkerTimes {
  /// From its start until now, or until its end.
  public var lifetime: Duration { startUp + waiting + working + exit }
  /// The part of its life in which it came to be.
  public var startUpRatio: Double { ratio(of: startUp) }
  /// The part of its life without a task.
  public var waitingRatio: Double { ratio(of: waiting) }
  /// The part of its life in tasks. Low with much to do: tasks are too short for a process, or one thread feeds them.
  public var workingRatio: Double { ratio(of: working) }
  /// The part of its life after it was told to end.
  public var exitRatio: Double { ratio(of: exit) }

  private func ratio(of part: Duration) -> Double { lifetime > .zero ? part / lifetime : 0 }
}

extension WorkerPool {
  /// Where the time of the pool's workers went so far. Tasks that ran in the caller (`InlinePool`) are not in it.
  public var insights: PoolInsights { core.driver.insights }
}
