internal import MultiprocessingSystem

/// A word by which the one who waits for a ring says so, and is woken. One waiter at a time; 0: nobody waits.
///
/// The waiter announces itself, looks once more, and sleeps. Whoever brings something loads the word after its store: both
/// are sequentially consistent, so one of them sees the other.
struct SleepFlag: Sendable {
  let word: SharedWord

  static let asleep: UInt32 = 1

  func announce(_ value: UInt32 = asleep) { word.store(value) }

  func retract() { word.store(0) }

  /// Takes an announcement back for the waiter, who is to be woken then; 0 when there was none.
  func take() -> UInt32 {
    var found = word.load()
    while found != 0, !word.exchange(&found, for: 0) {}
    return found
  }

  /// Wakes the waiter, if there is one.
  func ring() { if take() != 0 { word.wake() } }

  /// Sleeps until somebody rings, at most until `deadline`. May return without a cause.
  func sleep(announced value: UInt32 = asleep, until deadline: UInt64? = nil) {
    _ = SharedWait.sleep(on: word, while: value, until: deadline)
  }
}
