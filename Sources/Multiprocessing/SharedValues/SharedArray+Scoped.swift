extension SharedArray {
  /// Runs `body` with the elements themselves while the lock is held.
  ///
  /// It excludes others that use `withLock` with the same lock, and nobody else. When the process dies in `body`, what it
  /// had written stays, and the next holder of the lock is told.
  ///
  /// - Parameters:
  ///   - onOwnerDeath: runs first when the last holder of the lock died inside, with its process id; by default it throws.
  ///   - body: gets the elements; the pointer is valid during the call only.
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw; CancellationError when the task is
  ///   cancelled while it waits for the lock.
  public func withLock<R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied,
    // SAFETY: the buffer is valid during the call, as the documentation says.
    _ body: (UnsafeMutableBufferPointer<Element>) throws -> R
  ) async throws -> R {
    try await lock.withLock(onOwnerDeath: onOwnerDeath) { () throws -> R in
      // SAFETY: as above.
      try withUnsafeMutableBufferPointer(body)
    }
  }

  /// The forms that block the calling thread.
  public var blocking: Blocking<SharedArray<Element>> { @available(*, noasync) get { Blocking(self) } }
}

extension Blocking {
  /// `SharedArray.withLock`, blocking the calling thread.
  ///
  /// - Throws: `ownerDied`, unless `onOwnerDeath` is given; what the closures throw.
  public func withLock<E, R>(
    onOwnerDeath: (ProcessID) throws -> Void = Lock.throwOwnerDied,
    // SAFETY: the buffer is valid during the call, as the documentation says.
    _ body: (UnsafeMutableBufferPointer<E>) throws -> R
  ) throws -> R where Base == SharedArray<E> {
    try Blocking<Lock>(base.lock).withLock(onOwnerDeath: onOwnerDeath) {
      // SAFETY: as above.
      try base.withUnsafeMutableBufferPointer(body)
    }
  }
}
