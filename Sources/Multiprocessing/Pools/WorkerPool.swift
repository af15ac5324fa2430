/// What every pool offers: processes, threads, inline, later a cluster.
///
/// Tasks are values (`ProcessTask`) or closure literals that capture nothing, with their arguments. Cancelling a Swift
/// task that awaits `run` or `map`, or leaving a stream's loop, cancels that work: queued items never run, running ones
/// are stopped with their worker. `map` throws the first failure and cancels the rest.
///
/// A pool belongs to the process that made it. In a copy of that process (`ChildProcess.fork`) its calls throw
/// `unsupported`, and `close`, `cancelAll` and `terminate` do nothing.
public protocol WorkerPool: AnyObject, Sendable {
  /// The dispatcher.
  var core: PoolCore { get }
}

extension WorkerPool {
  /// How many workers the pool has when all are there.
  public var workerCount: Int { core.driver.configuredWorkers }

  /// Takes no more work. What was submitted finishes, then the workers end; a worker that does not end by itself within
  /// two grace periods is killed.
  public func close() { core.driver.handle(.close) }

  /// Waits, after `close`, until all is done and the workers have ended.
  ///
  /// - Throws: `invalidArgument` when the pool was not closed, CancellationError when the awaiting task is cancelled.
  public func join() async throws {
    try core.checkClosed()
    try await core.driver.ended.wait()
  }

  /// Cancels what no worker has begun: what waits, and what a worker was given ahead (`MapOptions.chunkSize`), of which one
  /// may begin before the worker hears of it; its result is dropped then.
  public func cancelPending() { core.driver.cancelPending() }

  /// Cancels everything, and does not wait: for `defer`. The pool can be used again.
  public func cancelAll() { core.driver.cancelAll() }

  /// Cancels everything, ends the workers at once and waits for them. The pool is closed then.
  public func terminate() async {
    core.driver.terminate()
    if core.driver.isInherited { return }
    // Not to be cancelled: what it waits for has been killed.
    await Task.detached { [ended = core.driver.ended] in _ = try? await ended.wait() }.value
  }

  /// The waiting calls for code that is not async.
  public var blocking: Blocking<Self> { @available(*, noasync) get { Blocking(self) } }
}

extension PoolCore {
  func checkClosed() throws {
    if driver.isInherited { throw PoolDriver.inherited }
    if driver.isOpen {
      throw MultiprocessingError(.invalidArgument, "join() waits for the end of a pool: call close() first")
    }
  }
}
