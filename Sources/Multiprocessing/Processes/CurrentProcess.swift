internal import MultiprocessingSystem

/// The process this code runs in.
public enum CurrentProcess {
  /// The process id.
  public static var id: ProcessID { ProcessIdentity.currentID }

  /// "MainProcess", or what the parent called this child: "Process-1", "Process-1:2", "IsPrime-1".
  public static var name: String { ProcessIdentity.currentName }

  /// Whether this process is killed when its parent ends. False in the main process.
  public static var isDaemon: Bool { ProcessIdentity.current.isDaemon }

  /// How this process was started; nil in the main process.
  public static var startMethod: StartMethod? { OwnStart.method }

  /// The process that started this one; nil in the main process.
  public static var parent: ParentProcess? {
    let identity = ProcessIdentity.current
    return identity.parentID.map { ParentProcess(id: $0, name: identity.parentName) }
  }

  /// The children of this process that run now, without the workers of pools.
  public static var activeChildren: [any ChildProcessHandle] { ProcessFamily.current.active }

  /// How many processors this process may use: the least of its affinity and the quotas of its control groups and, in a
  /// pool's worker, its share of what the pool's program has. At least 1.
  public static var availableParallelism: Int {
    min(Parallelism.available, ProcessIdentity.current.parallelism ?? .max)
  }
}
