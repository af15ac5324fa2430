internal import MultiprocessingSystem

// SAFETY: bytes of an item are valid in the call that gives them, and used inside of it only.

/// Writes records behind the tail, under the producers' latch, and publishes them.
private struct RecordWriter {
  let words: QueueWords
  private let tail: QueueMark
  private var place: Int
  private var limit: Int
  /// The segment gone on to; 0: none.
  private(set) var segment = 0
  private var number = 0

  @inline(__always)
  init(_ words: QueueWords) throws {
    self.words = words
    tail = words.tail
    if tail.isFinished { throw QueueCore.closed }
    place = tail.place
    limit = Int(truncatingIfNeeded: words.limitWord.load())
    guard place >= words.firstPlace, place <= words.window - QueueRecord.headSize, limit <= words.window else {
      throw QueueMemory.damaged
    }
  }

  /// How many more there is room for.
  @inline(__always)
  func room() -> Int {
    if words.capacity == 0 { return .max }
    let room = words.capacity - tail.distance(from: QueueMark(bits: words.seenHeadWord.load()))
    if room > 0 { return room }
    let head = words.head
    words.seenHeadWord.store(head.bits)
    return max(0, words.capacity - tail.distance(from: head))
  }

  @inline(__always)
  mutating func write(_ bytes: UnsafeRawBufferPointer, _ core: QueueCore) throws {
    let size = QueueRecord.size(of: bytes.count)
    if place + size + QueueRecord.headSize > limit { try hop(size, core.memory) }
    QueueRecord.write(bytes, at: place, in: words)
    place += size
    number += 1
  }

  @inline(never)
  private mutating func hop(_ size: Int, _ memory: QueueMemory) throws {
    let circle = SegmentCircle(memory: memory)
    let current = segment == 0 ? try circle.checked(words.segmentWord.load()) : segment
    let next = try circle.advance(from: current, size: size, head: words.head.place)
    let first = next.lowerBound + SegmentCircle.headerSize
    QueueRecord.writeJump(to: first, at: place, in: words)
    (place, limit, segment) = (first, next.upperBound, next.lowerBound)
  }

  /// Shows what was written, all at once. The last thing a writer does.
  @inline(__always)
  func publish(_ core: QueueCore) throws {
    var expected = tail.bits
    guard words.tailWord.exchange(&expected, for: tail.moved(to: place, adding: number).bits) else {
      if segment != 0 { giveBack(core.memory) }
      // Only `finish` changes the tail without the latch.
      throw QueueMark(bits: expected).isFinished ? QueueCore.closed : QueueMemory.damaged
    }
    if segment != 0 { settle(core.memory) }
  }

  /// Nothing more is put: segments that were gone on to, or kept for later, are not needed any more.
  @inline(never)
  private func giveBack(_ memory: QueueMemory) {
    let circle = SegmentCircle(memory: memory)
    // What cannot be trimmed is damaged, which the next get finds.
    try? circle.trim(from: circle.checked(words.segmentWord.load()), head: words.head.place, keeping: 0)
  }

  @inline(never)
  private func settle(_ memory: QueueMemory) {
    words.segmentWord.store(UInt64(segment))
    words.limitWord.store(UInt64(limit))
    // What cannot be trimmed is damaged, which the next put finds.
    try? SegmentCircle(memory: memory).trim(from: segment, head: words.head.place)
  }
}

extension QueueCore {
  /// Bytes that are written before the latch is given up for others.
  private static let mostBytes = 64 << 10
  private static let mostItems = 4096

  /// Puts one item if there is room for it.
  func put(_ bytes: UnsafeRawBufferPointer, _ mode: LookMode) throws -> WaitLook<Void> {
    let result = try look(mode, words.space, otherSide: words.headWord) {
      try words.producerLatch.look(mode, recover: recoverProducers) { .done(try store(bytes)) }
    }
    if case .done = result { words.items.ring(1) }
    return result
  }

  @inline(__always)
  private func store(_ bytes: UnsafeRawBufferPointer) throws -> Outcome<Void> {
    var writer = try RecordWriter(words)
    if writer.room() < 1 { return .nothing(QueueMark(bits: words.seenHeadWord.load())) }
    try writer.write(bytes, self)
    try writer.publish(self)
    return .done(())
  }

  /// Calls its second argument once, with the bytes of the item of a number. Under the latch: no code of the user's.
  typealias ItemWriter = (Int, (UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// Puts as many of `count` items as there is room for, and says how many. There may be more room: then it is less
  /// than `count` so that others get their turn.
  @inline(__always)
  func put(
    _ count: Int, _ mode: LookMode, _ item: ItemWriter
  ) throws -> WaitLook<Int> {
    let result = try look(mode, words.space, otherSide: words.headWord) {
      try words.producerLatch.look(mode, recover: recoverProducers) { .done(try store(count, item)) }
    }
    if case .done(let number) = result { words.items.ring(number) }
    return result
  }

  @inline(__always)
  private func store(_ count: Int, _ item: ItemWriter) throws -> Outcome<Int> {
    var writer = try RecordWriter(words)
    let most = min(count, writer.room(), Self.mostItems)
    if most < 1 { return .nothing(QueueMark(bits: words.seenHeadWord.load())) }
    var (number, byteCount) = (0, 0)
    while number < most, byteCount < Self.mostBytes {
      do {
        try item(number) { bytes in
          try writer.write(bytes, self)
          byteCount += bytes.count
        }
      } catch {
        // What was written is for this call, the error for the next.
        if number == 0 { throw error }
        break
      }
      number += 1
    }
    try writer.publish(self)
    return .done(number)
  }
}
