internal import MultiprocessingSystem

/// A lock that several processes share: one of them at a time holds it.
///
/// It belongs to a *process*: any thread or task of the holder may release it, and releasing it in another process
/// throws `notOwner`. It is not recursive: a second `acquire` of the same process waits for the first to be released
/// (`RecursiveLock` belongs to a thread and can be taken again). To guard memory of one process alone, the standard
/// library's `Mutex` is the tool.
///
/// Passing it as an argument, a task's input or result, or through a connection gives the other process the same lock:
///
///     let lock = try Lock()
///     let children = try (0..<4).map { index in
///       try ChildProcess.start(lock, index) { lock, index in
///         try await lock.withLock { print("line \(index) of one process at a time") }
///       }
///     }
///
/// **When a holder dies**, the lock goes to the next who asks or waits, and that one is told: `acquire` returns
/// `acquiredAfterOwnerDied`, `withLock` runs `onOwnerDeath`. No death, at whatever instruction, leaves it locked.
///
/// Waiters are not served in order: one of them is woken at each release, and a newcomer may overtake it.
public final class Lock: Codable, Sendable {
  let memory: PrimitiveMemory
  let owner: OwnerWord
  /// The dead holder whose work the present holder has not repaired; 0: none.
  private let unrepaired: SharedLongWord
  /// Counts takes from dead holders, for conditions.
  let takeovers: SharedWord
  private let budget = SpinBudget()

  /// A new lock, free.
  ///
  /// - Throws: `outOfMemory`; `unsupported` when this tree has too many processes that use primitives; `system`.
  public convenience init() throws { try self.init(PrimitiveMemory(byteCount: 24)) }

  /// The lock that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder, `unsupported` for a lock of another tree of processes.
  public convenience init(from decoder: any Decoder) throws { try self.init(PrimitiveMemory(from: decoder)) }

  private init(_ memory: PrimitiveMemory) throws {
    try memory.require(byteCount: 24)
    self.memory = memory
    owner = OwnerWord(memory.longWord(at: 0))
    unrepaired = memory.longWord(at: 8)
    takeovers = memory.word(at: 16)
  }

  /// Writes a reference to the lock.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws { try memory.encode(to: encoder) }

  /// Whether a live process holds it now.
  public var isLocked: Bool { owner.holder.map(memory.table.isLive) ?? false }

  /// Waits until nobody holds the lock, and takes it.
  ///
  /// - Returns: whether the last holder died inside.
  /// - Throws: CancellationError when the awaiting task is cancelled and the lock is not free; `system` where there is no
  ///   thread to wait on.
  @discardableResult
  public func acquire() async throws -> Acquisition {
    // Before another async call, which costs as much as the exchange.
    if owner.takeFree() { return .acquired }
    return Acquisition(after: try await take(timeout: nil)!)
  }

  /// Waits as `acquire`, nil when `timeout` passes first.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled and the lock is not free; `system` where there
  ///   is no thread to wait on.
  public func acquire(timeout: Duration) async throws -> Acquisition? {
    try await take(timeout: timeout).map(Acquisition.init(after:))
  }

  /// Takes the lock if that is possible now, else returns nil.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func tryAcquire() throws -> Acquisition? {
    let own = try ProcessRegistry.ownID()
    guard case .done(let take) = look(own, LookMode(announces: false, hasSlept: false)) else { return nil }
    return Acquisition(after: take)
  }

  /// Gives the lock up and wakes one that waits for it.
  ///
  /// - Throws: `notOwner` when this process does not hold it.
  public func release() throws {
    if owner.releaseFree(unless: unrepaired) { return }
    let own = try ProcessRegistry.ownID()
    // Only its holder writes it; who is not the holder does not get past the release.
    let dead = OwnerID(bits: unrepaired.load())
    if dead != nil, owner.holder == own { unrepaired.store(0) }
    if !owner.release(own, handingOn: dead) {
      throw MultiprocessingError(.notOwner, "this process does not hold the lock that it releases")
    }
  }
}

extension Lock {
  /// What a take found: the holder that died inside, if one did.
  struct Take: Sendable {
    var dead: OwnerID?
  }

  func take(timeout: Duration?) async throws -> Take? {
    if owner.takeFree() { return Take() }
    let own = try ProcessRegistry.ownID()
    return try await AsyncWait.run(on: owner.word.lowerHalf, timeout: timeout) { self.look(own, $0) }
  }

  @usableFromInline func acquireBlocking() throws -> Acquisition {
    if owner.takeFree() { return .acquired }
    return Acquisition(after: try takeBlocking(timeout: nil)!)
  }

  func takeBlocking(timeout: Duration?) throws -> Take? {
    if owner.takeFree() { return Take() }
    let own = try ProcessRegistry.ownID()
    return BlockingWait.run(
      in: memory.table, until: timeout.map(SharedWait.deadline(after:)), spinning: budget
    ) { look(own, $0) }
  }

  func look(_ own: OwnerID, _ mode: LookMode) -> WaitLook<Take> {
    switch owner.look(own, in: memory.table, mode, counting: takeovers) {
    case .taken: return .done(Take())
    case .takenOver(let dead):
      // The dead holder's own note is about one before it: who is told of this death need not know of that.
      unrepaired.store(0)
      return .done(Take(dead: dead))
    case .held(let value): return .sleep(owner.word.lowerHalf, value)
    }
  }

  /// Gives the lock up as if the dead process still held it: the next holder is told.
  func handOn(_ dead: OwnerID) throws {
    unrepaired.store(0)
    _ = owner.release(try ProcessRegistry.ownID(), handingOn: dead)
  }

  /// Leaves it to the next `release` to hand on. Only the holder may call this.
  func keepUnrepaired(_ dead: OwnerID) { unrepaired.store(dead.bits) }
}

extension Acquisition {
  init(after take: Lock.Take) { self = take.dead.map { .acquiredAfterOwnerDied($0.process) } ?? .acquired }
}
