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
  public func wait(timeout: Duration) async throws -> Bool { try await wait(before: timeout) }

  /// Waits until `predicate` is true, which is asked with the lock held: at first, and after every wake-up.
  ///
  /// - Throws: what `predicate` throws, and as `wait()`.
  public func wait(until predicate: () throws -> Bool) async throws {
    while try !predicate() { try await wait() }
  }

  /// Waits as `wait(until:)`; what `predicate` says at last when `timeout` passes first.
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
    try state.notify(count)
  }

  /// Wakes all who wait.
  ///
  /// - Throws: `notOwner` when this process does not hold the lock.
  public func notifyAll() throws { try notify(.max) }

  /// Runs `body` with the lock held, as `Lock.withLock`.
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

  /// Begins a wait: a place in line, how to look for its end, and then no lock.
  private func enlist() throws -> (ConditionState.Place, @Sendable (LookMode) throws -> WaitLook<Void>) {
    let place = try state.enlist(try requireLock())
    let takeovers = lock.takeovers.load()
    do {
      try lock.release()
    } catch {
      state.passOn(place)
      throw error
    }
    return (place, { [state, lock] in try state.look(place, lock, since: takeovers, $0) })
  }

  private func wait(before timeout: Duration?) async throws -> Bool {
    let (place, look) = try enlist()
    var isNotified = false
    var failure: (any Error)?
    do {
      isNotified =
        try await AsyncWait.run(on: state.word(of: place), timeout: timeout, wakesAll: true, look) != nil
    } catch {
      failure = error
    }
    if !isNotified { isNotified = state.giveUp(place) }
    try finish(place, isNotified, await retake())
    if !isNotified, let failure { throw failure }
    return isNotified
  }

  /// Takes the lock again, whatever happens: no wait ends without it.
  private func retake() async -> Lock.Take {
    if let take = try? await lock.take(timeout: nil) { return take }
    // In a task of its own, which is not cancelled.
    return await Task.detached { [lock] in
      while true {
        if let take = try? await lock.take(timeout: nil) { return take }
        // There is no thread to wait on for now.
        try? await Task.sleep(for: .milliseconds(10))
      }
    }.value
  }

  /// With the lock held again.
  private func finish(_ place: ConditionState.Place, _ isNotified: Bool, _ take: Lock.Take) throws {
    if isNotified { state.leave(place) }
    guard let dead = take.dead else { return }
    lock.keepUnrepaired(dead)
    try Lock.throwOwnerDied(dead.process)
  }

  fileprivate func waitBlocking(timeout: Duration?) throws -> Bool {
    let (place, look) = try enlist()
    let deadline = timeout.map(SharedWait.deadline(after:))
    let end = Result { try BlockingWait.run(in: state.memory.table, until: deadline, spinning: nil, look) != nil }
    let isNotified = (try? end.get()) == true || state.giveUp(place)
    try finish(place, isNotified, try lock.takeBlocking(timeout: nil)!)
    return try isNotified || end.get()
  }
}

extension Blocking where Base == Condition {
  /// `Condition.wait`, blocking the calling thread.
  public func wait() throws { _ = try base.waitBlocking(timeout: nil) }

  /// `Condition.wait(timeout:)`, blocking the calling thread.
  public func wait(timeout: Duration) throws -> Bool { try base.waitBlocking(timeout: timeout) }

  /// `Condition.wait(timeout:until:)`, blocking the calling thread; without a timeout, for ever.
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
  public func withLock<R>(_ body: () throws -> R) throws -> R { try base.lock.blocking.withLock(body) }
}
