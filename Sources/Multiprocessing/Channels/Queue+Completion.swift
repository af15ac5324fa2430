internal import MultiprocessingSystem

/// Who waits until the work that a queue hands out is done: CPython's JoinableQueue.
extension Queue {
  /// Marks an element done that this process took.
  ///
  /// - Throws: `notOwner` when this process has taken no element that is not done; `unsupported` for a queue made without
  ///   `tracksCompletion`.
  public func taskDone() throws {
    if try ledger.noteDone() { return }
    throw MultiprocessingError(.notOwner, "taskDone without an element that this process took and has not marked done")
  }

  /// Waits until every element that was put has been taken and marked done, or lost with the process that took it.
  ///
  /// - Throws: `ownerDied`, with the number, for elements taken by processes that ended without marking them: once all
  ///   others are done, and once for each element; `unsupported` for a queue made without `tracksCompletion`;
  ///   CancellationError when the awaiting task is cancelled first.
  public func joinAll() async throws { _ = try await join(timeout: nil) }

  /// Waits as `joinAll`; false when `timeout` passes first.
  ///
  /// - Throws: as `joinAll()`.
  public func joinAll(timeout: Duration) async throws -> Bool { try await join(timeout: timeout) }

  private var ledger: QueueLedger {
    get throws {
      if let ledger = core.ledger { return ledger }
      throw MultiprocessingError(.unsupported, "taskDone and joinAll need a queue made with tracksCompletion: true")
    }
  }

  private func join(timeout: Duration?) async throws -> Bool {
    let (core, ledger) = (core, try ledger)
    let known = ledger.lostReported
    let bell = core.words.completion
    let lost = try await AsyncWait.run(on: bell.word, timeout: timeout) { try core.lookForCompletion($0, ledger) }
    return try end(ledger, known, lost)
  }

  func joinBlocking() throws {
    let ledger = try ledger
    let known = ledger.lostReported
    _ = try ProcessRegistry.ownID()
    let lost = try BlockingWait.run(in: core.memory.table, until: nil, spinning: nil) {
      try core.lookForCompletion($0, ledger)
    }
    _ = try end(ledger, known, lost)
  }

  private func end(_ ledger: QueueLedger, _ known: UInt64, _ lost: UInt64?) throws -> Bool {
    guard let lost else { return false }
    if lost <= known { return true }
    ledger.noteReported(lost)
    throw MultiprocessingError(
      .ownerDied, "\(lost - known) elements were taken by processes that ended without marking them done")
  }
}

extension QueueCore {
  /// Done with the number of lost items when no other is unfinished.
  fileprivate func lookForCompletion(_ mode: LookMode, _ ledger: QueueLedger) throws -> WaitLook<UInt64> {
    try look(mode, words.completion, otherSide: words.headWord) {
      try words.consumerLatch.look(mode, recover: recoverConsumers) {
        let (unfinished, lost) = ledger.standing()
        return .done(unfinished == 0 ? .done(lost) : .nothing(words.head))
      }
    }
  }
}

extension Blocking {
  /// `Queue.joinAll`, blocking the calling thread.
  ///
  /// - Throws: `ownerDied`, with the number, for elements taken by processes that ended without marking them: once all
  ///   others are done, and once for each element; `unsupported` for a queue made without `tracksCompletion`.
  public func joinAll<E>() throws where Base == Queue<E> { try base.joinBlocking() }
}
