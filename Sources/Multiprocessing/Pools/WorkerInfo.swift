/// One worker of a process pool, as it is now.
public struct WorkerInfo: Sendable, Codable {
  /// Its number in the pool; a replacement gets a new one.
  public var id: Int
  /// Its process id.
  public var processID: ProcessID
  /// Tasks it has answered.
  public var tasksCompleted: Int
  /// Bytes of memory that are its own (RssAnon).
  public var privateMemory: Int
  /// It has a task in hand.
  public var isBusy: Bool
}
