internal import MultiprocessingSystem

extension ChildProcess {
  /// The process id. Once the child has ended, the system may give it to another process.
  public var id: ProcessID { process.id }

  /// The child's name: the one given, else `Process-1`, `Process-2` and so on; `IsPrime-1` for a task type `IsPrime`.
  public var name: String { process.name }

  /// Whether it is killed when this process ends, rather than joined.
  public var isDaemon: Bool { process.isDaemon }

  /// True until the child has ended.
  public var isAlive: Bool { !process.hasEnded }

  /// How the child ended; nil while it runs.
  public var terminationStatus: TerminationStatus? {
    process.collectIfEnded()
    return process.exit.value?.status
  }

  /// What the task returned. It arrives when the task returns, which may be before the child has ended.
  ///
  /// - Throws: the error that the task threw, as its own type when it is Codable, else `childThrew`; `childCrashed`
  ///   with a report when a signal or trap ended the child; `childExited` when it called `exit`; `limitExceeded`;
  ///   `notTransferable` when the value could not be encoded or decoded; and CancellationError when the awaiting task
  ///   is cancelled, which stops the waiting only. `unsupported` in a forked copy of the process that started the child,
  ///   as from all that waits for the child or signals it.
  public var value: Output {
    get async throws {
      if outcome.value == nil { try process.requireOwn() }
      return try result(of: try await outcome.wait())
    }
  }

  /// Sends SIGINT. Nothing happens when the child has ended.
  ///
  /// - Throws: `unsupported` in a forked copy of the process that started the child.
  public func interrupt() throws { try send(ProcessControl.interruptSignal) }

  /// Sends SIGTERM, which ends the child unless its code handles the signal. Nothing happens when it has ended.
  ///
  /// - Throws: `unsupported` in a forked copy of the process that started the child.
  public func terminate() throws { try send(ProcessControl.terminateSignal) }

  /// Sends SIGKILL to the child and to the programs it started, which nothing can ignore. Processes that it started
  /// through this library end with it.
  ///
  /// - Throws: `unsupported` in a forked copy of the process that started the child.
  public func kill() throws {
    do {
      try process.killTree()
    } catch let error as SystemError {
      throw MultiprocessingError(doing: "killing \(name)", error)
    }
  }

  private func send(_ signal: Int32) throws {
    do {
      try process.signal(signal)
    } catch let error as SystemError {
      throw MultiprocessingError(doing: "sending \(SignalName.of(signal)) to \(name)", error)
    }
  }

  /// Waits until the child has ended. Its value, if it produced one, is there then.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled; the child goes on. `unsupported` in a forked copy.
  @discardableResult
  public func join() async throws -> TerminationStatus {
    if !process.collectIfEnded() { try process.requireOwn() }
    return try await process.exit.wait().status
  }

  /// Waits until the child has ended; nil when `timeout` passes first. Zero or less only looks.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled; the child goes on. `unsupported` in a forked copy.
  public func join(timeout: Duration) async throws -> TerminationStatus? {
    if !process.collectIfEnded() { try process.requireOwn() }
    return try await process.exit.wait(timeout: timeout)?.status
  }

  /// Ready when the child has ended.
  public var waitSource: WaitSource { WaitSource(process.pidfd.map { .descriptor($0) } ?? .ready) }
}
