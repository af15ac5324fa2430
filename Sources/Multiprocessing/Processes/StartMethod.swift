/// How a child process comes to be.
///
/// | | what the child has | cost | for |
/// |---|---|---|---|
/// | `forkServer` | a fresh copy of the program, made by a small server | 0.6 ms, whatever the parent's size | tasks and closures |
/// | `spawn` | a fresh start of the program | 2 to 6 ms | tasks and closures |
/// | `fork` | a copy of everything in the parent, of its threads only the caller | 0.4 ms, 40 ms from 1 GiB | `ChildProcess.fork` |
public struct StartMethod: Sendable, Hashable, Codable {
  let name: String

  /// A new start of the same executable.
  public static let spawn = StartMethod(name: "spawn")
  /// A copy of the parent. Runs closures only, through `ChildProcess.fork`: a task or pool with it throws `unsupported`.
  public static let fork = StartMethod(name: "fork")
  /// A copy of a server process that was started by `spawn` and does nothing but fork: the default on Linux.
  public static let forkServer = StartMethod(name: "forkServer")

  /// `forkServer` on Linux, `spawn` elsewhere.
  public static var `default`: StartMethod { PlatformStart.methods[0] }
  /// What this platform offers, the default first.
  public static var available: [StartMethod] { PlatformStart.methods }
  /// Those that run tasks and pools.
  public static var forTasks: [StartMethod] { [.spawn, .forkServer].filter(available.contains) }
}

extension StartMethod: CustomStringConvertible {
  /// The method's name.
  public var description: String { name }
}
