/// How one task is run.
public struct TaskOptions: Sendable {
  /// How long the task may run, from its start in a worker. Then it fails with `timedOut`, and its worker is stopped
  /// (cancelled and SIGTERM, after the grace period SIGKILL) and replaced. Threads cannot be stopped: a `ThreadPool` or
  /// `InlinePool` throws `unsupported`.
  public var timeout: Duration?
  /// How often to try again after a lost worker, never after a thrown error. The task may then have begun more than
  /// once: only for tasks that may.
  public var retries = 0
  /// Tasks of higher priority start first; nil: the caller's.
  public var priority: TaskPriority?
  /// Tasks with the same key run in the same worker, while it lives.
  public var affinityKey: String?

  /// Options for one task.
  public init(
    timeout: Duration? = nil, retries: Int = 0, priority: TaskPriority? = nil, affinityKey: String? = nil
  ) {
    self.timeout = timeout
    self.retries = retries
    self.priority = priority
    self.affinityKey = affinityKey
  }

  /// Options that set the timeout alone.
  public static func timeout(_ timeout: Duration) -> TaskOptions { TaskOptions(timeout: timeout) }

  /// Options that set the retries alone.
  public static func retries(_ retries: Int) -> TaskOptions { TaskOptions(retries: retries) }
}

extension TaskOptions {
  /// - Throws: `invalidArgument` for a negative number, `unsupported` for a timeout where workers cannot be stopped.
  func traits(_ capabilities: WorkerCapabilities, window: Int = 1, pace: Pace.ID? = nil) throws -> PoolMachine.Traits {
    if timeout.map({ $0 <= .zero }) == true || retries < 0 || window < 1 {
      throw MultiprocessingError(
        .invalidArgument, "a timeout and a chunk size must be above zero, retries not below it: \(self)")
    }
    if timeout != nil, !capabilities.canKill {
      throw MultiprocessingError(
        .unsupported, "a thread cannot be stopped, so tasks of this pool have no timeout: use a ProcessPool")
    }
    return PoolMachine.Traits(
      retries: retries, timeout: timeout, priority: (priority ?? Task.currentPriority).rawValue,
      affinityKey: affinityKey, window: window, pace: pace)
  }
}
