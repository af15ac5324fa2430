internal import MultiprocessingSystem
internal import Synchronization

// SAFETY: relaxed, because the numbers are guesses: threads that overwrite each other's lose nothing else.

/// Keeps what producers and consumers of large elements have between them in the caches.
///
/// What is put far ahead of the consumers is written to memory and read from there, which costs them twice what it does
/// from a cache that both use. So while consumers take at the rate of a copy, a put waits until they have caught up, for
/// a moment at most. Where they have something else to do, or take nothing yet, it does not: then a queue is there to be
/// filled.
final class QueuePace: Sendable {
  /// Of the window in which the rate is measured: the head and the time at its start, its puts and their bytes.
  private let head = Atomic<UInt64>(0)
  private let start = Atomic<UInt64>(0)
  private let count = Atomic<UInt32>(0)
  private let byteCount = Atomic<Int>(0)
  /// How many elements producers may be ahead while consumers are fast; else `unlimited`.
  private let distance = Atomic<Int>(QueuePace.unlimited)

  private static let unlimited = Int.max
  /// Smaller elements cost more than their copies.
  static let leastSize = 16 << 10
  /// What producers are ahead at most: half of a usual cache of one core.
  private static let most = 1 << 20
  private static let window: UInt32 = 32
  /// How long a put is held back.
  private static let longest: UInt64 = 1_000_000

  /// Waits if it should. True if it may have been woken: who was must put something, or pass that on.
  func wait(_ words: QueueWords, _ byteCount: Int) -> Bool {
    measure(words.head, byteCount)
    if !isAhead(words) { return false }
    let bell = words.space
    let announced = bell.announce()
    guard isAhead(words) else { return false }
    if SharedWait.sleep(on: bell.word, while: announced, until: SharedWait.now + Self.longest) == .timedOut {
      distance.store(Self.unlimited, ordering: .relaxed)
    }
    return true
  }

  /// Whether consumers take at the rate of a copy, as far as is known.
  var isFast: Bool { distance.load(ordering: .relaxed) != Self.unlimited }

  private func isAhead(_ words: QueueWords) -> Bool {
    let distance = distance.load(ordering: .relaxed)
    return distance != Self.unlimited && words.tail.distance(from: words.head) >= distance
  }

  /// Half a byte in a nanosecond is fast: a copy there and back takes a fifth of that time.
  private func measure(_ head: QueueMark, _ byteCount: Int) {
    let sum = self.byteCount.wrappingAdd(byteCount, ordering: .relaxed).newValue
    if count.wrappingAdd(1, ordering: .relaxed).newValue % Self.window != 0 { return }
    let mean = max(1, sum / Int(Self.window))
    let (now, old) = (SharedWait.now, QueueMark(bits: self.head.load(ordering: .relaxed)))
    let time = Double(now) - Double(start.load(ordering: .relaxed))
    let isFast = 2 * Double(head.distance(from: old)) * Double(mean) > time
    distance.store(isFast ? max(2, Self.most / mean) : Self.unlimited, ordering: .relaxed)
    start.store(now, ordering: .relaxed)
    self.head.store(head.bits, ordering: .relaxed)
    self.byteCount.store(0, ordering: .relaxed)
  }
}

extension QueueCore {
  /// Puts as `body` does, at the consumers' pace where elements are large.
  @inline(__always)
  func paced<Result>(_ byteCount: Int, _ body: () throws -> Result) rethrows -> Result {
    guard byteCount >= QueuePace.leastSize, pace.wait(words, byteCount) else { return try body() }
    do { return try body() } catch {
      passOn(words.space)
      throw error
    }
  }
}
