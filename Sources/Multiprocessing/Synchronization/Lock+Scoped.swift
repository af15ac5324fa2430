extension Lock {
  /// Runs `body` with the lock held, and releases it after.
  ///
  /// - Parameters:
  ///   - onOwnerDeath: runs first when the last holder died inside, with its process id. If it returns, what the lock
  ///     guards counts as repaired; if it throws, as it does by default, the lock is released, the error is thrown, and
  ///     the next holder is told again.
  ///   - body: runs while no other process holds the lock.
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw; CancellationError as `acquire`.
  public func withLock<R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied, _ body: () throws -> R
  ) async throws -> R {
    try repair(try await take(timeout: nil)!, onOwnerDeath)
    defer { try? release() }
    return try body()
  }

  /// Runs `body` with the lock held, and releases it after. `body` may wait; others wait for it meanwhile.
  ///
  /// - Parameters:
  ///   - onOwnerDeath: as for the form whose `body` does not wait.
  ///   - body: runs while no other process holds the lock.
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw; CancellationError as `acquire`.
  public func withLock<R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied, _ body: () async throws -> R
  ) async throws -> R {
    try repair(try await take(timeout: nil)!, onOwnerDeath)
    defer { try? release() }
    return try await body()
  }

  /// Throws `ownerDied`: what `withLock` does when the last holder died and nothing else is said.
  ///
  /// - Throws: `ownerDied`, always.
  public static func throwOwnerDied(_ owner: ProcessID) throws {
    throw MultiprocessingError(
      .ownerDied,
      """
      process \(owner) died while it held the lock: what the lock guards may be half changed; repair it in \
      withLock(onOwnerDeath:), or after an acquire()
      """)
  }

  func repair(_ take: Take, _ onOwnerDeath: (ProcessID) throws -> Void) throws {
    guard let dead = take.dead else { return }
    do {
      try onOwnerDeath(dead.process)
    } catch {
      try handOn(dead)
      throw error
    }
  }

  /// The forms that block the calling thread.
  public var blocking: Blocking<Lock> { @available(*, noasync) @inlinable get { Blocking(self) } }
}

extension Blocking where Base == Lock {
  /// `Lock.acquire`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  @discardableResult @inlinable
  public func acquire() throws -> Acquisition { try base.acquireBlocking() }

  /// `Lock.acquire(timeout:)`, blocking the calling thread.
  ///
  /// - Throws: `unsupported`, `outOfMemory` or `system` when a forked copy cannot join the registry of its tree.
  public func acquire(timeout: Duration) throws -> Acquisition? {
    try base.takeBlocking(timeout: timeout).map(Acquisition.init(after:))
  }

  /// `Lock.withLock`, blocking the calling thread.
  ///
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw.
  public func withLock<R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied, _ body: () throws -> R
  ) throws -> R {
    try base.repair(try base.takeBlocking(timeout: nil)!, onOwnerDeath)
    defer { try? base.release() }
    return try body()
  }
}
