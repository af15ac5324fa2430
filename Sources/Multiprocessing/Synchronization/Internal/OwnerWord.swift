internal import MultiprocessingSystem

/// A word that says which process holds something: the heart of locks and latches. States and rules: `README.md`.
struct OwnerWord: Sendable {
  let word: SharedLongWord

  init(_ word: SharedLongWord) { self.word = word }

  /// Somebody may sleep.
  static let sleepers = OwnerID.freeBit

  enum Look {
    case taken
    /// Taken, from a holder that died.
    case takenOver(OwnerID)
    /// Held, with the value to sleep on.
    case held(UInt32)
  }

  /// The holder by now, live or dead.
  var holder: OwnerID? { OwnerID(bits: word.load()) }

  /// The uncontended take; false also where this process has no id yet.
  func takeFree() -> Bool { word.take() }

  /// The uncontended release; false when somebody may sleep, this process does not hold the word, or `note` is not 0.
  func releaseFree(unless note: SharedLongWord? = nil) -> Bool { word.giveUp(unless: note) }

  /// Takes the word if nobody live holds it; else, as the mode says, announces a sleeper. `takeovers` counts takes from
  /// dead holders, beforehand: whoever finds a live holder after a death finds the count changed.
  func look(_ own: OwnerID, in table: RegistryTable, _ mode: LookMode, counting takeovers: SharedWord? = nil) -> Look {
    var found = word.load()
    while true {
      // One that has slept does not know whether others still do.
      let sleepers = mode.hasSlept ? Self.sleepers : found & Self.sleepers
      let holder = OwnerID(bits: found)
      if let holder, table.isLive(holder) {
        if found & Self.sleepers != 0 || !mode.announces { return .held(UInt32(truncatingIfNeeded: found)) }
        if word.exchange(&found, for: found | Self.sleepers) {
          return .held(UInt32(truncatingIfNeeded: found | Self.sleepers))
        }
      } else {
        if holder != nil { takeovers?.add(1) }
        if word.exchange(&found, for: own.bits | sleepers) { return holder.map(Look.takenOver) ?? .taken }
      }
    }
  }

  /// Gives the word up; false when this process does not hold it. `dead`: as if that process still held it, so that the
  /// next to take it is told. Wakes as many sleepers as `waking` says.
  func release(_ own: OwnerID, handingOn dead: OwnerID? = nil, waking count: Int32 = 1) -> Bool {
    var found = own.bits
    while found & ~Self.sleepers == own.bits {
      let hasSleepers = found & Self.sleepers != 0
      guard word.exchange(&found, for: dead?.bits ?? 0) else { continue }
      if hasSleepers { word.lowerHalf.wake(count) }
      return true
    }
    return false
  }
}
