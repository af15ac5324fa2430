internal import MultiprocessingSystem

/// A lock that the thread which holds it may take again.
///
/// It belongs to a *thread*, and so has only calls that block; in async code, where a task changes threads at every
/// `await`, use `Lock`, which belongs to a process. It is free again after as many releases as acquires.
///
///     let lock = try RecursiveLock()
///     try lock.blocking.withLock { try lock.blocking.withLock { print("held twice") } }
///
/// **When the process of the holder dies**, the lock goes to the next, who is told, as for `Lock`. When only the thread
/// ends, it stays locked: a thread must release what it took. A later thread does not count as that one, even if the
/// system gives it the same number.
public final class RecursiveLock: Codable, Sendable {
  fileprivate let memory: PrimitiveMemory
  private let words: ThreadOwnedWords
  fileprivate let budget = SpinBudget()

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
    words = ThreadOwnedWords(
      owner: memory.longWord(at: 0), thread: memory.longWord(at: 8), depth: memory.longWord(at: 16),
      besidesID: OwnerWord.sleepers)
  }

  /// Writes a reference to the lock.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws { try memory.encode(to: encoder) }

  /// The calls that block, which are all there are.
  public var blocking: Blocking<RecursiveLock> {
    @available(*, noasync, message: "a recursive lock belongs to a thread; use Lock in async code")
    @inlinable get { Blocking(self) }
  }

  private var owner: OwnerWord { OwnerWord(words.owner) }

  fileprivate func take(timeout: Duration?) throws -> Lock.Take? {
    let own = try ProcessRegistry.ownID()
    if words.enter() { return Lock.Take() }
    let taken = wait(own, timeout)
    if taken != nil { words.begin() }
    return taken
  }

  @usableFromInline func acquireBlocking() throws -> Acquisition {
    if words.enter() { return .acquired }
    return Acquisition(after: try take(timeout: nil)!)
  }

  private func wait(_ own: OwnerID, _ timeout: Duration?) -> Lock.Take? {
    let deadline = timeout.map(SharedWait.deadline(after:))
    return BlockingWait.run(in: memory.table, until: deadline, spinning: budget) { look(own, $0) }
  }

  private func look(_ own: OwnerID, _ mode: LookMode) -> WaitLook<Lock.Take> {
    switch owner.look(own, in: memory.table, mode) {
    case .taken: .done(Lock.Take())
    case .takenOver(let dead): .done(Lock.Take(dead: dead))
    case .held(let value): .sleep(owner.word.lowerHalf, value)
    }
  }

  @usableFromInline func releaseBlocking() throws { try release(handingOn: nil) }

  fileprivate func release(handingOn dead: OwnerID?) throws {
    switch words.leave(keepsProcess: dead != nil) {
    case .done: return
    case .last: _ = owner.release(try ProcessRegistry.ownID(), handingOn: dead)
    case .notHeld:
      throw MultiprocessingError(.notOwner, "this thread does not hold the recursive lock that it releases")
    }
  }
}

extension Blocking where Base == RecursiveLock {
  /// Waits until no other thread holds the lock, and takes it, or takes it once more.
  ///
  /// - Returns: whether the last holder's process died inside.
  /// - Throws: `unsupported`, `outOfMemory` or `system` when this process cannot join the registry of its tree.
  @discardableResult
  @inlinable public func acquire() throws -> Acquisition { try base.acquireBlocking() }

  /// Waits as `acquire`, nil when `timeout` passes first.
  ///
  /// - Throws: as `acquire`; a time that passes is no error.
  public func acquire(timeout: Duration) throws -> Acquisition? {
    try base.take(timeout: timeout).map(Acquisition.init(after:))
  }

  /// Takes the lock if that is possible now, else returns nil.
  ///
  /// - Throws: as `acquire`.
  public func tryAcquire() throws -> Acquisition? { try acquire(timeout: .zero) }

  /// Undoes one acquire; the last wakes one that waits.
  ///
  /// - Throws: `notOwner` when this thread does not hold it.
  @inlinable public func release() throws { try base.releaseBlocking() }

  /// Runs `body` with the lock held, and releases it after. `onOwnerDeath`: as for `Lock.withLock`.
  ///
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw.
  public func withLock<R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied, _ body: () throws -> R
  ) throws -> R {
    if let dead = try base.take(timeout: nil)!.dead {
      do {
        try onOwnerDeath(dead.process)
      } catch {
        try base.release(handingOn: dead)
        throw error
      }
    }
    defer { try? base.release(handingOn: nil) }
    return try body()
  }
}
