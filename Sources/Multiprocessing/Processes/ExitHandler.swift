internal import Synchronization

/// A closure that runs when this process ends normally: CPython's `Finalize`, and `atexit` for children.
///
/// It runs at most once: when `run()` is called, or else at the end of the main function, of a child's task, or at
/// `exit`. It does not run when a signal or a trap ends the process. In a worker of a pool all handlers together have
/// the pool's grace period; then the worker gets SIGTERM, and after another grace period it is killed.
public final class ExitHandler: Sendable {
  /// Handlers with a higher priority run first, those of equal priority in reverse order of their making. Handlers of
  /// priority 0 and above run before children are ended, the others after.
  public let priority: Int

  private let body: Mutex<(@Sendable () -> Void)?>

  /// Registers a closure for the end of this process.
  public init(priority: Int = 0, _ body: @escaping @Sendable () -> Void) {
    self.priority = priority
    self.body = Mutex(body)
    ExitSequence.current.add(self)
  }

  /// True until it has run or was cancelled.
  public var isPending: Bool { body.withLock { $0 != nil } }

  /// Runs the closure now, if it has not run yet.
  public func run() { take()?() }

  /// Forgets the closure.
  public func cancel() { _ = take() }

  private func take() -> (@Sendable () -> Void)? {
    let taken = body.withLock { body in
      defer { body = nil }
      return body
    }
    if taken != nil { ExitSequence.current.remove(self) }
    return taken
  }
}
