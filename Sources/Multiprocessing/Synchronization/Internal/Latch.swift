internal import MultiprocessingSystem

/// A lock for short critical sections inside the library, held by a process and repaired when it dies inside.
///
/// One word of 64 bits, zero at first. Blocks the calling thread: never hold it across an `await`, a wait, a system call
/// that waits, or code of the user's. Not recursive.
package struct Latch: Sendable {
  package static let byteCount = 8
  private let word: OwnerWord
  /// How many sleepers a release wakes: all where some of them need not come back for the latch (`look`).
  private let woken: Int32
  private static let budget = SpinBudget()

  /// - Parameters:
  ///   - address: aligned to 8, in memory that stays mapped as long as this value is used.
  ///   - wakesAll: needed in all processes where `look` is used in one.
  // SAFETY: only atomic operations touch the word; the caller keeps it mapped.
  package init(at address: UnsafeMutableRawPointer, wakesAll: Bool = false) {
    word = OwnerWord(SharedLongWord(at: address))
    woken = wakesAll ? .max : 1
  }

  /// Runs `body` alone among all processes. When the last holder died inside, `recover` runs first; it must leave what
  /// the latch guards in order however often it is itself cut short and begun again.
  ///
  /// - Throws: what `body` throws; `unsupported`, `outOfMemory` or `system` when this process cannot join the registry.
  package func withLock<Result>(recover: () -> Void, _ body: () throws -> Result) throws -> Result {
    if try acquire() { recover() }
    defer { release() }
    return try body()
  }

  /// As `withLock`, for a look: where the latch is held, that is what to sleep on.
  func look<Result>(
    _ mode: LookMode, recover: () -> Void, _ body: () throws -> WaitLook<Result>
  ) throws -> WaitLook<Result> {
    if !word.takeFree() {
      // A release wakes all, so one that slept need not announce others.
      let mode = LookMode(announces: mode.announces, hasSlept: false)
      switch word.look(try ProcessRegistry.ownID(), in: try ProcessRegistry.table(), mode) {
      case .taken: break
      case .takenOver: recover()
      case .held(let value): return .sleep(word.word.lowerHalf, value)
      }
    }
    defer { release() }
    return try body()
  }

  /// As `withLock`, but nil where the latch is not had within `patience`: its holder may have been stopped.
  func tryLock<Result>(
    patience: Duration? = nil, recover: () -> Void, _ body: () throws -> Result
  ) throws -> Result? {
    guard let isTakenOver = try tryAcquire(patience) else { return nil }
    if isTakenOver { recover() }
    defer { release() }
    return try body()
  }

  private func tryAcquire(_ patience: Duration?) throws -> Bool? {
    if word.takeFree() { return false }
    let own = try ProcessRegistry.ownID()
    let table = try ProcessRegistry.table()
    guard let patience else {
      let look = look(own, in: table, LookMode(announces: false, hasSlept: false))
      if case .done(let isTakenOver) = look { return isTakenOver }
      return nil
    }
    let deadline = SharedWait.deadline(after: patience)
    return BlockingWait.run(in: table, until: deadline, spinning: Self.budget) { look(own, in: table, $0) }
  }

  /// Takes the latch; true when its last holder died inside, so that what it guards must be repaired first.
  ///
  /// For an accessor that cannot be written as a closure; else use `withLock`.
  ///
  /// - Throws: as `withLock`.
  package func acquire() throws -> Bool {
    word.takeFree() ? false : try acquireSlowly()
  }

  /// Gives up the latch, which this process holds.
  package func release() {
    if word.releaseFree() { return }
    if let own = OwnerID(bits: OwnID.value) { _ = word.release(own, waking: woken) }
  }

  private func acquireSlowly() throws -> Bool {
    let own = try ProcessRegistry.ownID()
    let table = try ProcessRegistry.table()
    return BlockingWait.run(in: table, until: nil, spinning: Self.budget) { look(own, in: table, $0) } ?? false
  }

  private func look(_ own: OwnerID, in table: RegistryTable, _ mode: LookMode) -> WaitLook<Bool> {
    switch word.look(own, in: table, mode) {
    case .taken: .done(false)
    case .takenOver: .done(true)
    case .held(let value): .sleep(word.word.lowerHalf, value)
    }
  }
}
