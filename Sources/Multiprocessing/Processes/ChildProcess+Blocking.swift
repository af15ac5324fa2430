extension ChildProcess {
  /// The waiting calls for code that is not async.
  public var blocking: Blocking<ChildProcess<Output>> { @available(*, noasync) get { Blocking(self) } }
}

extension Blocking {
  /// What the task returned; blocks the calling thread. Throws as `ChildProcess.value` does.
  public func value<Output>() throws -> Output where Base == ChildProcess<Output> {
    if base.outcome.value == nil { try base.process.requireOwn() }
    // Without a timeout the wait ends with an outcome: the task's frame, or the child's end.
    guard let outcome = base.outcome.waitBlocking() else { throw CancellationError() }
    return try base.result(of: outcome)
  }

  /// Blocks the calling thread until the child has ended.
  @discardableResult
  public func join<Output>() throws -> TerminationStatus where Base == ChildProcess<Output> {
    if !base.process.collectIfEnded() { try base.process.requireOwn() }
    return base.process.waitBlocking()?.status ?? .unknown
  }

  /// Blocks the calling thread until the child has ended; nil when `timeout` passes first.
  public func join<Output>(timeout: Duration) throws -> TerminationStatus? where Base == ChildProcess<Output> {
    if !base.process.collectIfEnded() { try base.process.requireOwn() }
    return base.process.waitBlocking(timeout: timeout)?.status
  }
}
