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
  /// Some 20 µs: a pause takes 10 ns and more.
  private static let most = 1024

  /// Spins until the word changes; false when it should be slept on.
  func spin(on word: SharedWord, while value: UInt32) -> Bool {
    // Our own change had to wake somebody, who is now about to answer, perhaps on this core.
    if SharedWait.hasJustWoken || Steps.isArmed || ProcessorCount.isOne { return false }
    let current = budget.load(ordering: .relaxed)
    let turn = count.wrappingAdd(1, ordering: .relaxed).newValue
    // At the bottom it is tried once in 64 times, whether it has become worth while.
    let tries = current > Self.least ? current : turn % 64 == 0 ? Self.most / 2 : 0
    if tries == 0 { return false }
    if SharedWait.spin(on: word, while: value, count: tries) {
      budget.store(min(max(current, Self.least) * 2, Self.most), ordering: .relaxed)
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
