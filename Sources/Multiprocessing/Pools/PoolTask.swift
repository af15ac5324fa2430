internal import MultiprocessingSystem
internal import Synchronization

/// A submitted task: `apply_async`'s AsyncResult, `submit`'s Future.
///
/// Keeps the pool's workers alive until it ends. Cancelling a Swift task that awaits `value` stops the waiting only;
/// `cancel()` stops the work, and `value` then throws CancellationError.
public final class PoolTask<Output: Sendable>: Sendable {
  private let submitted: SubmittedTask
  private let reader: ResultReader<Output>
  /// Decoded once: handles in it exist once.
  private let decoded = Mutex<Result<Output, any Error>?>(nil)

  init(_ submitted: SubmittedTask, reader: ResultReader<Output>) {
    self.submitted = submitted
    self.reader = reader
  }

  var completion: Completion<Result<JobResult, any Error>> { submitted.completion }

  func output(_ result: Result<JobResult, any Error>) -> Result<Output, any Error> {
    if let known = decoded.withLock({ $0 }) { return known }
    let fresh = reader.outcome(result)
    return decoded.withLock { known in
      known = known ?? fresh
      return known ?? fresh
    }
  }

  /// What the task returned.
  ///
  /// - Throws: the error that the task threw; `childCrashed`, `childExited` or `limitExceeded` when its worker was lost;
  ///   `timedOut`; `crashLoop`; `notTransferable` when the value could not cross; CancellationError when the task was
  ///   cancelled, or the awaiting Swift task (then the work goes on).
  public var value: Output {
    get async throws {
      try submitted.requireOwn()
      submitted.look()
      return try output(try await completion.wait()).get()
    }
  }

  /// What the task returned, waiting no longer than `timeout`. The task goes on when that passes.
  ///
  /// - Throws: `timedOut` when the time passes first; otherwise as `value`.
  public func value(timeout: Duration) async throws -> Output {
    try submitted.requireOwn()
    if timeout > .zero { submitted.look() }
    guard let result = try await completion.wait(timeout: timeout) else { throw Self.waitedTooLong }
    return try output(result).get()
  }

  fileprivate func waitBlocking(timeout: Duration?) -> Result<JobResult, any Error>? {
    submitted.waitBlocking(timeout: timeout)
  }

  static var waitedTooLong: MultiprocessingError {
    MultiprocessingError(.timedOut, "the task had not ended when the wait for its value did; it goes on")
  }

  /// True when it has returned, failed or been cancelled.
  public var isDone: Bool { submitted.isDone }

  /// True while a worker runs it.
  public var isRunning: Bool { submitted.isRunning }

  /// True when it was cancelled before it ended.
  public var isCancelled: Bool {
    if case .failure(let error) = completion.value { return error is CancellationError }
    return false
  }

  /// Cancels the task: when it is queued it never runs; when it runs, its worker is asked to stop (cancelled and SIGTERM,
  /// after the grace period SIGKILL) and replaced. Nothing happens when it has ended.
  public func cancel() { submitted.cancel() }

  /// Calls `body` once with the outcome, at once when there is one already. It runs in a Swift task of its own, so a slow
  /// one holds nothing up.
  public func onCompletion(_ body: @escaping @Sendable (Result<Output, any Error>) -> Void) {
    let call = CallOnce(body)
    completion.observe { result in
      Task.detached { call.take()?(self.output(result)) }
    }
  }

  /// The waiting calls for code that is not async.
  public var blocking: Blocking<PoolTask<Output>> { @available(*, noasync) get { Blocking(self) } }
}

extension Blocking {
  /// What the task returned; blocks the calling thread, no longer than `timeout`. Throws as `PoolTask.value(timeout:)`.
  public func value<Output>(timeout: Duration? = nil) throws -> Output where Base == PoolTask<Output> {
    guard let result = base.waitBlocking(timeout: timeout) else { throw PoolTask<Output>.waitedTooLong }
    return try base.output(result).get()
  }
}

extension PoolTask: CustomStringConvertible {
  /// How far it is: `PoolTask<Int>(running)`; pending, running, returned, failed or cancelled. What it returned is not
  /// looked at.
  public var description: String { "PoolTask<\(Output.self)>(\(stage))" }

  private var stage: String {
    switch completion.value {
    case nil: isRunning ? "running" : "pending"
    case .success: "returned"
    case .failure: isCancelled ? "cancelled" : "failed"
    }
  }
}

/// A closure of the user's that is let go by whoever calls it: an object may end with it, whose end may wait for the pool,
/// and so for the thread that tells of completions.
private final class CallOnce<Argument>: Sendable {
  private let body: Mutex<(@Sendable (Argument) -> Void)?>

  init(_ body: @escaping @Sendable (Argument) -> Void) { self.body = Mutex(body) }

  func take() -> (@Sendable (Argument) -> Void)? { body.withLock { $0.take() } }
}
