internal import MultiprocessingSystem
internal import Synchronization

/// A submitted task: `apply_async`'s AsyncResult, `submit`'s Future.
///
/// Keeps the pool's workers alive until it ends. Cancelling a Swift task that awaits `value` stops the waiting only;
/// `cancel()` stops the work, and `value` then throws CancellationError.
public final class PoolTask<Output: Sendable>: Sendable {
  private let driver: PoolDriver
  private let reader: ResultReader<Output>
  private let item = Atomic<UInt64>(0)
  let completion = Completion<Result<JobResult, any Error>>()
  /// Decoded once: handles in it exist once.
  private let decoded = Mutex<Result<Output, any Error>?>(nil)

  private struct Nudged {
    weak var watch: (any AnswerWatch)?
  }

  /// Whose sleepers are woken when the task ends: noted once, however often somebody waits for a while.
  private let nudged = Mutex(Nudged())

  init(driver: PoolDriver, reader: ResultReader<Output>) {
    self.driver = driver
    self.reader = reader
  }

  // SAFETY: stored once, by whoever submitted the task; what the number names is guarded by the driver's own lock.
  func setItem(_ number: UInt64) { item.store(number, ordering: .releasing) }

  func resolve(_ result: Result<JobResult, any Error>) { completion.resolve(result) }

  func output(_ result: Result<JobResult, any Error>) -> Result<Output, any Error> {
    if let known = decoded.withLock({ $0 }) { return known }
    let fresh = result.flatMap { result in Result { try reader.read(result) } }.mapError(\.decoded)
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
      look()
      return try output(try await completion.wait()).get()
    }
  }

  /// What the task returned, waiting no longer than `timeout`. The task goes on when that passes.
  ///
  /// - Throws: `timedOut` when the time passes first; otherwise as `value`.
  public func value(timeout: Duration) async throws -> Output {
    if timeout > .zero { look() }
    guard let result = try await completion.wait(timeout: timeout) else { throw Self.waitedTooLong }
    return try output(result).get()
  }

  // SAFETY: as in `isRunning`.
  /// Where its answer will come from, once it has been sent to a worker.
  private var watch: (any AnswerWatch)? { driver.watch(for: item.load(ordering: .acquiring)) }

  /// Looks for the answer for as long as suspending and being resumed would take.
  func look() {
    if completion.value == nil { watch?.look { completion.value != nil } }
  }

  /// Blocks the calling thread, which takes the answer from the worker by itself where it can.
  func waitBlocking(timeout: Duration?) -> Result<JobResult, any Error>? {
    let deadline = timeout.map { SharedWait.deadline(after: $0) }
    while completion.value == nil, let watch, timeout.map({ $0 > .zero }) ?? true {
      watch.look { completion.value != nil }
      let isNew = nudged.withLock { nudged in
        defer { nudged.watch = watch }
        return nudged.watch !== watch
      }
      if isNew { completion.observe { [weak watch] _ in watch?.nudge() } }
      guard watch.sleep(unless: { completion.value != nil }, until: deadline) else { break }
      if let deadline, SharedWait.now >= deadline { return completion.value }
    }
    let rest = deadline.map { Duration.nanoseconds(Int64(clamping: $0) - Int64(clamping: SharedWait.now)) }
    return completion.waitBlocking(timeout: rest)
  }

  static var waitedTooLong: MultiprocessingError {
    MultiprocessingError(.timedOut, "the task had not ended when the wait for its value did; it goes on")
  }

  /// True when it has returned, failed or been cancelled.
  public var isDone: Bool { completion.value != nil }

  // SAFETY: the number alone is read; the driver looks it up under its lock, and 0 (not submitted yet) names no item.
  /// True while a worker runs it.
  public var isRunning: Bool { !isDone && driver.isRunning(item.load(ordering: .acquiring)) }

  /// True when it was cancelled before it ended.
  public var isCancelled: Bool {
    if case .failure(let error) = completion.value { return error is CancellationError }
    return false
  }

  // SAFETY: as in `isRunning`: a number for the driver to look up, and 0 names no item.
  /// Cancels the task: when it is queued it never runs; when it runs, its worker is asked to stop (cancelled and SIGTERM,
  /// after the grace period SIGKILL) and replaced. Nothing happens when it has ended.
  public func cancel() { driver.handle(.cancel(item.load(ordering: .acquiring))) }

  /// Calls `body` once with the outcome, at once when there is one already. It runs in a Swift task of its own, so a slow
  /// one holds nothing up.
  public func onCompletion(_ body: @escaping @Sendable (Result<Output, any Error>) -> Void) {
    completion.observe { result in
      Task.detached { body(self.output(result)) }
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
