internal import MultiprocessingSystem

// SAFETY: offsets of words are fixed, multiples of 8 and below the least window; places are compared with the window
// (`QueueRecord`, `SegmentCircle`) before anything at them is touched. Whoever uses this keeps the memory mapped.

/// The words of a queue, and where its window is. Layout: `README.md`. Plain bytes, so that passing it on is free.
struct QueueWords: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let window: Int
  /// 0: none.
  let capacity: Int
  /// Where the first segment may lie.
  let firstPlace: Int

  static let page = 4096
  static let ledgerPlace = page
  static let ledgerEntries = 1024
  static let ledgerEntrySize = 32

  /// Makes an empty queue of one segment.
  func initialize(firstSize: Int) {
    longWord(at: 8).store(UInt64(window))
    longWord(at: 16).store(UInt64(capacity))
    segmentWord.store(UInt64(firstPlace))
    limitWord.store(UInt64(firstPlace + firstSize))
    heldWord.store(UInt64(firstSize))
    longWord(at: firstPlace).store(UInt64(firstPlace))
    longWord(at: firstPlace + 8).store(UInt64(firstSize))
    let start = QueueMark(place: firstPlace + SegmentCircle.headerSize, count: 0)
    for word in [tailWord, headWord, seenHeadWord, seenTailWord] { word.store(start.bits) }
  }
}

extension QueueWords {
  func longWord(at offset: Int) -> SharedLongWord { SharedLongWord(at: base + offset) }

  static let producerLatchPlace = 128
  static let consumerLatchPlace = 384

  var producerLatch: Latch { Latch(at: base + Self.producerLatchPlace, wakesAll: true) }
  var seenHeadWord: SharedLongWord { longWord(at: 136) }
  var segmentWord: SharedLongWord { longWord(at: 144) }
  var limitWord: SharedLongWord { longWord(at: 152) }
  var heldWord: SharedLongWord { longWord(at: 160) }
  var tailWord: SharedLongWord { longWord(at: 256) }
  var consumerLatch: Latch { Latch(at: base + Self.consumerLatchPlace, wakesAll: true) }
  var seenTailWord: SharedLongWord { longWord(at: 392) }
  var headWord: SharedLongWord { longWord(at: 512) }
  var items: QueueBell { QueueBell(word: SharedWord(at: base + 640)) }
  var space: QueueBell { QueueBell(word: SharedWord(at: base + 768)) }
  var completion: QueueBell { QueueBell(word: SharedWord(at: base + 896)) }

  var tail: QueueMark { QueueMark(bits: tailWord.load()) }
  var head: QueueMark { QueueMark(bits: headWord.load()) }

  /// Exact at some moment during the call, unless the queue is so busy that no such moment is found.
  var count: Int {
    var before = head
    for _ in 0..<16 {
      let count = tail.distance(from: before)
      let after = head
      if after == before { return count }
      before = after
    }
    return tail.distance(from: before)
  }
}
