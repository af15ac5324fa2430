/// What every child handle offers, whatever its output type.
public protocol ChildProcessHandle: Waitable {
  /// The process id. Once the child has ended, the system may give it to another process.
  var id: ProcessID { get }
  /// The child's name.
  var name: String { get }
  /// Whether it is killed when this process ends, rather than joined.
  var isDaemon: Bool { get }
  /// True until the child has ended.
  var isAlive: Bool { get }
  /// How it ended; nil while it runs.
  var terminationStatus: TerminationStatus? { get }

  /// Sends SIGINT. Nothing happens when the child has ended.
  /// - Throws: `system` when the signal cannot be sent.
  func interrupt() throws
  /// Sends SIGTERM, which ends the child unless its code handles the signal. Nothing happens when it has ended.
  /// - Throws: `system` when the signal cannot be sent.
  func terminate() throws
  /// Sends SIGKILL to the child and to the programs it started, which nothing can ignore.
  /// - Throws: `system` when the signal cannot be sent.
  func kill() throws

  /// Waits until the child has ended.
  /// - Throws: CancellationError when the awaiting task is cancelled; the child goes on.
  @discardableResult func join() async throws -> TerminationStatus
  /// Waits until the child has ended; nil when `timeout` passes first. Zero or less only looks.
  /// - Throws: CancellationError when the awaiting task is cancelled; the child goes on.
  func join(timeout: Duration) async throws -> TerminationStatus?
}
