internal import MultiprocessingSystem
internal import Synchronization

// SAFETY: relaxed everywhere, because the numbers are guesses: threads that overwrite each other's lose nothing else.

/// How long the waiters on one handle spin before they sleep: longer when that helped last time, shorter when not.
///
/// Waking another core costs 25 to 30 µs, a cache line 0.1 µs; so spinning is worth while when the other side answers
/// at once on another core, and harmful when it needs this core to answer.
final class SpinBudget: Sendable {
  private let budget = Atomic<Int>(SpinBudget.least * 8)
  private let count = Atomic<UInt32>(0)

  private static let least = 32
  /// Some 100 µs: a sleeper is woken in 30 to 60, and then has to answer.
  private static let most = Int(100 * SharedWait.turnsPerMicrosecond)

  /// Spins until the word changes; false when it should be slept on.
  func spin(on word: SharedWord, while value: UInt32) -> Bool {
    // Our own change had to wake somebody, who is now about to answer, perhaps on this core.
    spin(isWelcome: !SharedWait.hasJustWoken) { SharedWait.spin(on: word, while: value, count: $0) }
  }

  /// Asks the kernel until the descriptor is open in the direction; false when it should be waited for.
  func spin(on descriptor: Descriptor, _ direction: Direction) -> Bool {
    spin(isWelcome: true) { turns in
      let time = UInt64(1000 * Double(turns) / SharedWait.turnsPerMicrosecond)
      return Polling.spin(for: descriptor.number, direction, nanoseconds: time)
        .map { Int(Double($0) * SharedWait.turnsPerMicrosecond / 1000) }
    }
  }

  /// - Parameter look: tries so many turns, and returns how many were needed; nil when that was not enough.
  @inline(__always)
  private func spin(isWelcome: Bool, _ look: (Int) -> Int?) -> Bool {
    if Steps.isArmed || ProcessorCount.isOne { return false }
    let current = budget.load(ordering: .relaxed)
    // Once in 64 times it is tried whether spinning has become worth while, for as long as a wake-up takes: the other side,
    // which is asleep by now, needs that to answer.
    let isProbe = count.wrappingAdd(1, ordering: .relaxed).newValue % 64 == 0
    let tries = isProbe ? Self.most : current > Self.least && isWelcome ? current : 0
    if tries == 0 { return false }
    if let needed = look(tries) {
      // At once to twice what was needed: from the least there is no way up by doubling what is not enough.
      budget.store(min(max(current, 2 * needed, Self.least * 2), Self.most), ordering: .relaxed)
      return true
    }
    budget.store(max(current / 2, Self.least), ordering: .relaxed)
    return false
  }
}

/// Whether spinning can help at all.
enum ProcessorCount {
  static let isOne = ParallelismProbe.onlineCount < 2
}
