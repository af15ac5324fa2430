/// One end of a queue in one word: where it is, how many items have passed it, and, of the tail, whether the queue is
/// finished. Storing it is the whole commit of a put or get (`README.md`).
struct QueueMark: Equatable, Sendable {
  let bits: UInt64

  init(bits: UInt64) { self.bits = bits }

  init(place: Int, count: UInt64) { bits = UInt64(place / 8) << 35 | count & Self.countMask }

  static let countMask: UInt64 = (1 << 34) - 1
  private static let finishedBit: UInt64 = 1 << 34
  /// No window is larger than what a place can name.
  static let mostPlaces = 1 << 32

  var place: Int { Int(bits >> 35) * 8 }
  var count: UInt64 { bits & Self.countMask }
  var isFinished: Bool { bits & Self.finishedBit != 0 }
  var finished: QueueMark { QueueMark(bits: bits | Self.finishedBit) }

  /// How many items are between another mark and this one.
  func distance(from other: QueueMark) -> Int { Int((bits &- other.bits) & Self.countMask) }

  /// The mark after more items. Never finished.
  func moved(to place: Int, adding number: Int) -> QueueMark {
    QueueMark(place: place, count: bits &+ UInt64(number))
  }
}
