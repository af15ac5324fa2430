/// A number of permits that never rises above its initial value.
///
/// As `CountingSemaphore`, for permits that stand for things of which there are so many: a release without an acquire is a
/// mistake, and throws `notOwner`.
///
///     let licences = try BoundedSemaphore(value: 3)
///     try await licences.withPermit { print("at most three at a time, in all processes") }
///
/// **When a process dies**, its permits of `withPermit` come back; those of `acquire` belong to nobody and do not.
public final class BoundedSemaphore: Codable, Sendable {
  fileprivate let state: SemaphoreState

  /// A new semaphore with `value` permits.
  ///
  /// - Throws: `invalidArgument` for a negative value or one above 2^30 - 1; `outOfMemory`; `unsupported` when this tree
  ///   has too many processes that use primitives; `system`.
  public init(value: Int = 1) throws { state = try SemaphoreState(value: value, isBounded: true) }

  /// The semaphore that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder, `unsupported` for a semaphore of another tree of processes.
  public init(from decoder: any Decoder) throws {
    state = try SemaphoreState(PrimitiveMemory(from: decoder), isBounded: true)
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
  /// - Throws: `notOwner` above the initial value.
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
  public var blocking: Blocking<BoundedSemaphore> { @available(*, noasync) @inlinable get { Blocking(self) } }
}

extension Blocking where Base == BoundedSemaphore {
  /// `BoundedSemaphore.acquire`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func acquire() throws { _ = try base.state.acquireBlocking(timeout: nil) }

  /// `BoundedSemaphore.acquire(timeout:)`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func acquire(timeout: Duration) throws -> Bool { try base.state.acquireBlocking(timeout: timeout) != nil }

  /// `BoundedSemaphore.withPermit`, blocking the calling thread.
  ///
  /// - Throws: what `body` throws; `unsupported` when the ledger is full, as `withPermit`.
  public func withPermit<R>(_ body: () throws -> R) throws -> R {
    let permit = try base.state.permitBlocking()
    defer { base.state.giveBack(permit) }
    return try body()
  }
}
