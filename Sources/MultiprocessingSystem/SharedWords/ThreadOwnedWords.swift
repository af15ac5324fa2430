internal import CMultiprocessing

/// The three words of a lock that belongs to a thread: its process, the thread in it, and how often that thread took it.
/// What they mean, and what deaths do to them: Synchronization/README.md.
///
/// What waits for nobody, as one call each: the words are used together, and a call for each of them takes longer than
/// the lock.
package struct ThreadOwnedWords: Sendable {
  /// The id of the holding process.
  package let owner: SharedLongWord
  /// The holding thread: its number above, the lower half of its process's id below. Means nothing when that is another's.
  ///
  /// It and the depth need no order: a thread acts on them only when it finds its own mark, which it alone writes and
  /// takes away, and which no other has ever had; all others go by `owner`.
  private let thread: SharedLongWord
  private let depth: SharedLongWord
  /// What may stand in the owner's word beside an id.
  private let besidesID: UInt64

  package init(owner: SharedLongWord, thread: SharedLongWord, depth: SharedLongWord, besidesID: UInt64) {
    (self.owner, self.thread, self.depth, self.besidesID) = (owner, thread, depth, besidesID)
  }

  private static func mark(_ own: UInt64) -> UInt64 { UInt64(mp_thread_number()) << 32 | own & 0xFFFF_FFFF }

  private func isHeld(by own: UInt64, _ mark: UInt64) -> Bool {
    thread.loadRelaxed() == mark && owner.load() & ~besidesID == own
  }

  /// Takes the lock where nobody has to be waited for; false also where this process has no id yet.
  package func enter() -> Bool {
    let own = mp_own_id()
    guard own != 0 else { return false }
    let mark = Self.mark(own)
    if isHeld(by: own, mark) {
      depth.storeRelaxed(depth.loadRelaxed() &+ 1)
      return true
    }
    guard owner.take() else { return false }
    begin(mark)
    return true
  }

  /// Notes the calling thread as the holder, once its process is.
  package func begin() { begin(Self.mark(mp_own_id())) }

  private func begin(_ mark: UInt64) {
    depth.storeRelaxed(1)
    thread.storeRelaxed(mark)
  }

  /// What giving the lock up once came to.
  package enum Leaving: Sendable {
    /// The calling thread does not hold it.
    case notHeld
    /// It was taken more often, or is free now.
    case done
    /// It was taken once, and the process still holds it: somebody may sleep.
    case last
  }

  /// Gives the lock up once. `keepsProcess`: also after the last time the process holds it.
  package func leave(keepsProcess: Bool) -> Leaving {
    let own = mp_own_id()
    guard own != 0, isHeld(by: own, Self.mark(own)) else { return .notHeld }
    let left = depth.loadRelaxed() &- 1
    depth.storeRelaxed(left)
    if left > 0 { return .done }
    thread.storeRelaxed(0)
    return !keepsProcess && owner.giveUp() ? .done : .last
  }
}
