extension SharedValue {
  /// Changes the value while the lock is held: for what takes more than one access.
  ///
  /// `body` works on a copy, which becomes the value when it ends, also by an error. It excludes others that use
  /// `withLock` with the same lock; what somebody writes by `value` alone meanwhile is overwritten. When the process
  /// dies in `body`, the value is the old one, and the next holder of the lock is told.
  ///
  /// - Parameters:
  ///   - onOwnerDeath: runs first when the last holder of the lock died inside, with its process id; by default it throws.
  ///   - body: changes the value, and may read others that the lock guards.
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw; CancellationError when the task is
  ///   cancelled while it waits for the lock.
  public func withLock<R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied, _ body: (inout Value) throws -> R
  ) async throws -> R {
    try await lock.withLock(onOwnerDeath: onOwnerDeath) { () throws -> R in try change(body) }
  }

  fileprivate func change<R>(_ body: (inout Value) throws -> R) rethrows -> R {
    var copy = value
    defer { value = copy }
    return try body(&copy)
  }

  /// The forms that block the calling thread.
  public var blocking: Blocking<SharedValue<Value>> { @available(*, noasync) get { Blocking(self) } }
}

extension Blocking {
  /// `SharedValue.withLock`, blocking the calling thread.
  ///
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw.
  public func withLock<V, R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied, _ body: (inout V) throws -> R
  ) throws -> R where Base == SharedValue<V> {
    try Blocking<Lock>(base.lock).withLock(onOwnerDeath: onOwnerDeath) { try base.change(body) }
  }
}
