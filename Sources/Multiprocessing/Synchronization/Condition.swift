internal import MultiprocessingSystem

/// A place to wait, with a lock held, for what other processes change under the same lock.
///
/// `wait` gives the lock up, waits to be notified, and takes the lock again; a notification that nobody waits for is
/// lost, unlike an `Event`, so the state that is waited for must stand in what the lock guards. `wait(until:)` looks at
/// it after every wake-up, which is what most programs want:
///
///     let (condition, count) = (try Condition(), try SharedValue(0))
///     let child = try ChildProcess.start(condition, count) { condition, count in
///       try await condition.withLock { try await condition.wait { count.value >= 4 } }
///     }
///
/// **When a process dies**, a notification that it had been given and not yet returned with goes to the next waiter. When
/// it held the lock, all who wait return, and each is told by `ownerDied`, thrown with the lock held, until somebody has
/// repaired what the lock guards (`Lock.withLock(onOwnerDeath:)`). So `wait` may return once too often, and never once too
/// seldom.
public final class Condition: Codable, Sendable {
  /// The lock that guards what is waited for.
  public let lock: Lock
  private let state: ConditionState

  /// A new condition.
  ///
  /// - Parameter lock: nil: a new one of its own. Several conditions may share a lock.
  /// - Throws: `outOfMemory`; `unsupported` when this tree has too many processes that use primitives; `system`.
  public init(lock: Lock? = nil) throws {
    self.lock = try lock ?? Lock()
    state = try ConditionState()
  }

  /// The condition that another process sent, with its lock.
  ///
  /// - Throws: `notTransferable` for another decoder, `unsupported` for a condition of another tree of processes.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    lock = try container.decode(Lock.self)
    state = try ConditionState(container.decode(PrimitiveMemory.self))
  }

  /// Writes a reference to the condition and its lock.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(lock)
    try container.encode(state.memory)
  }

  /// Gives up the lock, waits to be notified, and takes the lock again.
  ///
  /// - Throws, with the lock held: CancellationError when the awaiting task is cancelled first; `ownerDied` when the last
  ///   holder of the lock died inside. Without the lock: `notOwner` when this process does not hold it.
  public func wait() async throws { _ = try await wait(before: nil) }

  /// Waits as `wait()`; false when `timeout` passes first.
  ///
  /// - Throws: as `wait()`; a time that passes is no error.
  public func wait(timeout: Duration) async throws -> Bool { try await wait(before: timeout) }

  /// Waits until `predicate` is true, which is asked with the lock held: at first, and after every wake-up.
  ///
  /// - Throws: what `predicate` throws, and as `wait()`.
  public func wait(until predicate: () throws -> Bool) async throws {
    while try !predicate() { try await wait() }
  }

  /// Waits as `wait(until:)`; what `predicate` says at last when `timeout` passes first.
  ///
  /// - Throws: what `predicate` throws, and as `wait()`.
  public func wait(timeout: Duration, until predicate: () throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + timeout
    while try !predicate() {
      let left = ContinuousClock.now.duration(to: deadline)
      if left <= .zero { return false }
      _ = try await wait(before: left)
    }
    return true
  }

  /// Wakes the first `count` of those who wait.
  ///
  /// - Throws: `notOwner` when this process does not hold the lock, `invalidArgument` for a negative number.
  public func notify(_ count: Int = 1) throws {
    if count < 0 { throw MultiprocessingError(.invalidArgument, "\(count) waiters cannot be notified") }
    try requireLock()
    state.notify(count)
  }

  /// Wakes all who wait.
  ///
  /// - Throws: `notOwner` when this process does not hold the lock.
  public func notifyAll() throws { try notify(.max) }

  /// Runs `body` with the lock held, as `Lock.withLock`.
  ///
  /// - Throws: `ownerDied`; what `body` throws; CancellationError as `Lock.acquire`.
  public func withLock<R>(_ body: () async throws -> R) async throws -> R { try await lock.withLock(body) }

  /// The forms that block the calling thread.
  public var blocking: Blocking<Condition> { @available(*, noasync) get { Blocking(self) } }
}

extension Condition {
  @discardableResult
  fileprivate func requireLock() throws -> OwnerID {
    let own = try ProcessRegistry.ownID()
    if lock.owner.holder == own { return own }
    throw MultiprocessingError(.notOwner, "a condition's lock must be held to wait and to notify")
  }

  private func wait(before timeout: Duration?) async throws -> Bool {
    let end = try await ConditionWait(state, lock, try requireLock()).run(timeout: timeout)
    try tell(of: end.take)
    if let failure = end.failure { throw failure }
    return end.isNotified
  }

  /// With the lock held again.
  private func tell(of take: Lock.Take) throws {
    guard let dead = take.dead else { return }
    lock.keepUnrepaired(dead)
    try Lock.throwOwnerDied(dead.process)
  }

  fileprivate func waitBlocking(timeout: Duration?) throws -> Bool {
    let place = state.enlist(try requireLock())
    let takeovers = lock.takeovers.load()
    do {
      try lock.release()
    } catch {
      state.passOn(place)
      throw error
    }
    let deadline = timeout.map(SharedWait.deadline(after:))
    let end: Void? = BlockingWait.run(in: state.memory.table, until: deadline, spinning: nil) { _ in
      state.look(place, lock, since: takeovers)
    }
    let isNotified = end != nil || state.giveUp(place)
    let take = try lock.takeBlocking(timeout: nil)!
    if isNotified { state.leave(place) }
    try tell(of: take)
    return isNotified
  }
}

extension Blocking where Base == Condition {
  /// `Condition.wait`, blocking the calling thread.
  ///
  /// - Throws: `ownerDied` with the lock held; without it `notOwner`, when this process does not hold it.
  public func wait() throws { _ = try base.waitBlocking(timeout: nil) }

  /// `Condition.wait(timeout:)`, blocking the calling thread.
  ///
  /// - Throws: as `wait()`.
  public func wait(timeout: Duration) throws -> Bool { try base.waitBlocking(timeout: timeout) }

  /// `Condition.wait(timeout:until:)`, blocking the calling thread; without a timeout, for ever.
  ///
  /// - Throws: what `predicate` throws, and as `wait()`.
  @discardableResult
  public func wait(timeout: Duration? = nil, until predicate: () throws -> Bool) throws -> Bool {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    while try !predicate() {
      let left = deadline.map { ContinuousClock.now.duration(to: $0) }
      if let left, left <= .zero { return false }
      _ = try base.waitBlocking(timeout: left)
    }
    return true
  }

  /// `Condition.withLock`, blocking the calling thread.
  ///
  /// - Throws: `ownerDied`; what `body` throws.
  public func withLock<R>(_ body: () throws -> R) throws -> R { try base.lock.blocking.withLock(body) }
}
