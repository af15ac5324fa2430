/// A number of permits that processes take and give.
///
/// Who acquires when there is none waits for a release, which any process may do: it need not have acquired. So it counts
/// things, such as free places; to limit how many do something at a time, use `withPermit`. A `BoundedSemaphore` refuses
/// releases above its initial value.
///
///     let connections = try CountingSemaphore(value: 2)
///     let children = try (0..<6).map { index in
///       try ChildProcess.start(connections) { try await $0.withPermit { print("one of two at a time") } }
///     }
///
/// **When a process dies**, its permits of `withPermit` come back, the others do not: they belong to nobody. The count is
/// right whatever instruction it died at.
///
/// Waiters are not served in order: each release wakes one of them, and a newcomer may overtake it.
public final class CountingSemaphore: Codable, Sendable {
  let state: SemaphoreState

  /// A new semaphore with `value` permits.
  ///
  /// - Throws: `invalidArgument` for a negative value or one above 2^30 - 1; `outOfMemory`; `unsupported` when this tree
  ///   has too many processes that use primitives; `system`.
  public init(value: Int = 1) throws { state = try SemaphoreState(value: value, isBounded: false) }

  /// The semaphore that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder, `unsupported` for a semaphore of another tree of processes.
  public init(from decoder: any Decoder) throws {
    state = try SemaphoreState(PrimitiveMemory(from: decoder), isBounded: false)
  }

  /// Writes a reference to the semaphore.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws { try state.memory.encode(to: encoder) }

  /// The permits that can be had now.
  public var value: Int { state.value }

  /// Waits for a permit and takes it. It belongs to nobody: it comes back by `release`, in whatever process.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled first; `system` where there is no thread to wait on.
  public func acquire() async throws { _ = try await state.acquire(timeout: nil) }

  /// Waits as `acquire`; false when `timeout` passes first.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled first; `system` where there is no thread to wait
  ///   on.
  public func acquire(timeout: Duration) async throws -> Bool { try await state.acquire(timeout: timeout) != nil }

  /// Takes a permit if there is one now.
  public func tryAcquire() -> Bool { state.tryAcquire() }

  /// Gives a permit, and wakes one that waits.
  ///
  /// - Throws: `invalidArgument` above 2^30 - 1 permits.
  public func release() throws { try state.release() }

  /// Runs `body` with a permit of this process, and gives it back after, or when the process dies.
  ///
  /// - Throws: what `body` throws; CancellationError when the awaiting task is cancelled before there is a permit;
  ///   `unsupported` when the permits of `withPermit` are more than the ledger holds: as many as the initial value, at
  ///   least 16 and at most 4096.
  public func withPermit<R>(_ body: () throws -> R) async throws -> R {
    let permit = try await state.permit()
    defer { state.giveBack(permit) }
    return try body()
  }

  /// As the form whose `body` does not wait.
  ///
  /// - Throws: as that one, and what `body` throws.
  public func withPermit<R>(_ body: () async throws -> R) async throws -> R {
    let permit = try await state.permit()
    defer { state.giveBack(permit) }
    return try await body()
  }

  /// The forms that block the calling thread.
  public var blocking: Blocking<CountingSemaphore> { @available(*, noasync) @inlinable get { Blocking(self) } }
}

extension Blocking where Base == CountingSemaphore {
  /// `CountingSemaphore.acquire`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func acquire() throws { _ = try base.state.acquireBlocking(timeout: nil) }

  /// `CountingSemaphore.acquire(timeout:)`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func acquire(timeout: Duration) throws -> Bool { try base.state.acquireBlocking(timeout: timeout) != nil }

  /// `CountingSemaphore.withPermit`, blocking the calling thread.
  ///
  /// - Throws: what `body` throws; `unsupported` when the ledger is full, as `withPermit`.
  public func withPermit<R>(_ body: () throws -> R) throws -> R {
    let permit = try base.state.permitBlocking()
    defer { base.state.giveBack(permit) }
    return try body()
  }
}
