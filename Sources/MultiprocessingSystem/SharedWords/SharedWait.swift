internal import CMultiprocessing
internal import Glibc
internal import Synchronization

// SAFETY: the temporary arrays have room for every entry and live over the call; a word that is asked
// with is there over it. The one relaxed word is a hint: who
// reads an old value asks the kernel and is told.

/// Sleeping on words that other processes change.
package enum SharedWait {
  /// A word, and the value it must have for the sleep to go on.
  package struct Entry: Sendable {
    package let word: SharedWord
    package let value: UInt32

    package init(_ word: SharedWord, _ value: UInt32) {
      self.word = word
      self.value = value
    }
  }

  package enum End: Sendable { case woken, timedOut, interrupted }

  /// The most words of one sleep.
  package static let mostWords = 128

  /// Whether the kernel sleeps on several words (Linux 5.16; some sandboxes refuse).
  package static var isVectorAllowed: Bool {
    get { vectorIsRefused.load(ordering: .relaxed) == false }
    set { vectorIsRefused.store(!newValue, ordering: .relaxed) }
  }
  private static let vectorIsRefused = Atomic<Bool>(false)

  /// The same, by asking.
  package static var isVectorSupported: Bool {
    if isVectorAllowed { withAsked }
    return isVectorAllowed
  }
  private static let withAsked: Void = {
    let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    defer { memory.deallocate() }
    memory.initialize(to: 0)
    // Another value than the word has: a kernel that can would not sleep.
    _ = sleep(on: [Entry(SharedWord(at: memory), 1)], until: nil)
  }()

  /// How long a sleep on one word of several lasts, where the kernel does not watch all.
  package static let slice: UInt64 = 100_000_000

  /// Sleeps while all entries have their values, or until `deadline` (`now`'s clock; nil: for ever). May return `woken`
  /// without a cause. Where only one word can be slept on, that is the first, for a slice at most.
  package static func sleep(on entries: [Entry], until deadline: UInt64?) -> End {
    if isVectorAllowed {
      Steps.step()
      let number = withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<UInt32>.self, capacity: entries.count) {
        words in
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: entries.count) { values in
          for (index, entry) in entries.enumerated() {
            words.initializeElement(at: index, to: entry.word.address)
            values.initializeElement(at: index, to: entry.value)
          }
          return mp_shared_wait(words.baseAddress!, values.baseAddress!, Int32(entries.count), deadline ?? 0)
        }
      }
      if ![ENOSYS, EPERM].contains(number) { return end(number) }
      isVectorAllowed = false
    }
    return sleepInSlice(on: entries, until: deadline)
  }

  private static func sleepInSlice(on entries: [Entry], until deadline: UInt64?) -> End {
    for entry in entries where entry.word.load() != entry.value { return .woken }
    Steps.step()
    // One word alone needs no looking at others.
    let sliceEnd = entries.count == 1 ? UInt64.max : now + slice
    let until = min(deadline ?? .max, sliceEnd)
    let number = mp_shared_wait_one(entries[0].word.address, entries[0].value, until == .max ? 0 : until)
    return number == ETIMEDOUT && until == sliceEnd ? .woken : end(number)
  }

  /// The same for one word, which every kernel can do.
  package static func sleep(on word: SharedWord, while value: UInt32, until deadline: UInt64?) -> End {
    Steps.step()
    return end(mp_shared_wait_one(word.address, value, deadline ?? 0))
  }

  private static func end(_ number: Int32) -> End {
    switch number {
    case ETIMEDOUT: .timedOut
    case EINTR: .interrupted
    default: .woken
    }
  }

  /// CLOCK_MONOTONIC in nanoseconds.
  package static var now: UInt64 { mp_monotonic_nanoseconds() }

  /// The time that lies `duration` ahead.
  package static func deadline(after duration: Duration) -> UInt64 { now + nanoseconds(of: duration) }

  /// A duration in nanoseconds: none below zero, some decades at most.
  package static func nanoseconds(of duration: Duration) -> UInt64 {
    // Bounded first: there are durations whose seconds no integer holds.
    let (seconds, attoseconds) = min(max(duration, .zero), .seconds(1_000_000_000)).components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }

  /// Spins until the word is not `value`, at most `count` times. Returns how many were needed; nil when that was not enough.
  package static func spin(on word: SharedWord, while value: UInt32, count: Int) -> Int? {
    for turn in 0..<count {
      if mp_word_load(word.address) != value { return turn }
      mp_pause()
    }
    return nil
  }

  /// How many turns of a spin take a microsecond here: 10 to 100.
  package static let turnsPerMicrosecond: Double = {
    let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    defer { memory.deallocate() }
    memory.initialize(to: 0)
    // The quickest of some: the others were interrupted.
    let times = (0..<5).map { _ in
      let start = now
      _ = spin(on: SharedWord(at: memory), while: 0, count: 64)
      return now - start
    }
    return min(max(64_000 / Double(max(1, times.min() ?? 1)), 10), 100)
  }()

  /// Whether this thread's last change had to wake a sleeper; asking resets it.
  package static var hasJustWoken: Bool { mp_has_woken() == 1 }
}
