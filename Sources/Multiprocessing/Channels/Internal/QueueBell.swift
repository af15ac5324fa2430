internal import MultiprocessingSystem

/// What waiters of a queue sleep on. Bit 0: somebody may sleep; above: a version. Rules: `README.md`.
struct QueueBell: Sendable {
  let word: SharedWord

  private static let sleepers: UInt32 = 1
  private static let version: UInt32 = 2

  /// Says that a sleep may follow; look again after it, then sleep while the bell has the value.
  func announce() -> UInt32 {
    var found = word.load()
    while found & Self.sleepers == 0 {
      let announced = (found &+ Self.version) | Self.sleepers
      if word.exchange(&found, for: announced) { return announced }
    }
    return found
  }

  /// Wakes sleepers, if there are any: `count` of those that are asleep, and who is about to sleep looks again.
  func ring(_ count: Int) {
    let found = word.load()
    if found & Self.sleepers != 0 { wake(Int32(clamping: count), found) }
  }

  func ringAll() { ring(.max) }

  private func wake(_ count: Int32, _ found: UInt32) {
    // Fewer than were to be woken: nobody else is asleep, but somebody may be about to be.
    if word.wake(count) >= Int(count) { return }
    var expected = found
    if word.exchange(&expected, for: (found &+ Self.version) & ~Self.sleepers) { word.wake() }
  }
}
