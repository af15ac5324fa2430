/// How a whole map or stream is run.
public struct MapOptions: Sendable {
  /// How each task is run.
  public var task: TaskOptions
  /// How many inputs a worker is given at once; nil: the pool decides by what they take, up to about a millisecond of
  /// work. More saves time when tasks are short; fewer balances better when they are long. It is a bound to neither side:
  /// of chunks shorter than 50 microseconds several go at once, and a worker that has worked on one for five milliseconds
  /// gives back what it has not begun. In a stream each input of a chunk is answered by itself, so that a crash or an error
  /// fails one and not the chunk, and what is behind a slow one is taken back for a worker that has nothing to do; with
  /// little room (`maxPending`) chunks are smaller.
  public var chunkSize: Int?
  /// How long the whole may take; then it throws `timedOut`, and what still runs is stopped.
  public var totalTimeout: Duration?
  /// How many inputs a stream takes ahead of the results its consumer has taken; nil: four per worker.
  public var maxPending: Int?
  /// Show how far it is, on standard error.
  public var progress: ProgressStyle?

  /// Options for a map or stream.
  public init(
    task: TaskOptions = TaskOptions(), chunkSize: Int? = nil, totalTimeout: Duration? = nil, maxPending: Int? = nil,
    progress: ProgressStyle? = nil
  ) {
    self.task = task
    self.chunkSize = chunkSize
    self.totalTimeout = totalTimeout
    self.maxPending = maxPending
    self.progress = progress
  }

  /// Options that set the chunk size alone.
  public static func chunkSize(_ size: Int) -> MapOptions { MapOptions(chunkSize: size) }

  /// Options that show progress and set nothing else.
  public static func progress(_ style: ProgressStyle) -> MapOptions { MapOptions(progress: style) }
}

/// In which order a stream gives its results.
public enum ResultOrder: Sendable {
  /// In the order of the inputs.
  case input
  /// As they come.
  case completion
}

extension MapOptions {
  /// How the tasks of one map or stream are run.
  func traits(_ driver: PoolDriver) throws -> PoolMachine.Traits {
    let capabilities = driver.backend.capabilities
    guard let chunkSize else { return try task.traits(capabilities, pace: driver.takePace()) }
    return try task.traits(capabilities, window: min(chunkSize, 1 << 20))
  }
}
