internal import MultiprocessingSystem

/// Writes records behind the tail, under the producers' latch, and publishes them.
private struct RecordWriter {
  let memory: QueueMemory
  private let tail: QueueMark
  private var place: Int
  private var limit: Int
  private var segment: Int?
  private var number = 0

  init(_ memory: QueueMemory) throws {
    self.memory = memory
    tail = memory.tail
    if tail.isFinished { throw QueueCore.closed }
    place = tail.place
    limit = Int(truncatingIfNeeded: memory.limitWord.load())
    guard place >= memory.firstPlace, place <= memory.window - QueueRecord.headSize, limit <= memory.window else {
      throw QueueMemory.damaged
    }
  }

  /// How many more there is room for.
  func room() -> Int {
    guard let capacity = memory.capacity else { return .max }
    let seen = QueueMark(bits: memory.seenHeadWord.load())
    let room = capacity - tail.distance(from: seen)
    if room > 0 { return room }
    let head = memory.head
    memory.seenHeadWord.store(head.bits)
    return max(0, capacity - tail.distance(from: head))
  }

  @inline(__always)
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    let size = QueueRecord.size(of: bytes.count)
    if place + size + QueueRecord.headSize > limit { try hop(size) }
    QueueRecord.write(bytes, at: place, in: memory)
    place += size
    number += 1
  }

  private mutating func hop(_ size: Int) throws {
    let circle = SegmentCircle(memory: memory)
    let current = try segment ?? circle.checked(memory.segmentWord.load())
    let next = try circle.advance(from: current, size: size, head: memory.head.place)
    let first = next.lowerBound + SegmentCircle.headerSize
    QueueRecord.writeJump(to: first, at: place, in: memory)
    (place, limit, segment) = (first, next.upperBound, next.lowerBound)
  }

  /// Shows what was written, all at once. The last thing a writer does.
  @inline(__always)
  func publish() throws {
    var expected = tail.bits
    guard memory.tailWord.exchange(&expected, for: tail.moved(to: place, adding: number).bits) else {
      // Only `finish` changes the tail without the latch.
      throw QueueMark(bits: expected).isFinished ? QueueCore.closed : QueueMemory.damaged
    }
    if let segment { settle(in: segment) }
  }

  private func settle(in segment: Int) {
    memory.segmentWord.store(UInt64(segment))
    memory.limitWord.store(UInt64(limit))
    // What cannot be trimmed is damaged, which the next put finds.
    try? SegmentCircle(memory: memory).trim(from: segment, head: memory.head.place)
  }
}

extension QueueCore {
  /// Bytes that are written before the latch is given up for others.
  private static let mostBytes = 64 << 10
  private static let mostItems = 4096

  /// Puts one item if there is room for it.
  @inline(__always)
  func put(_ bytes: UnsafeRawBufferPointer, _ mode: LookMode) throws -> WaitLook<Void> {
    let result = try look(mode, memory.space, otherSide: memory.headWord) {
      try memory.producerLatch.look(mode, recover: recoverProducers) { .done(try store(bytes)) }
    }
    if case .done = result { memory.items.ring(1) }
    return result
  }

  @inline(__always)
  private func store(_ bytes: UnsafeRawBufferPointer) throws -> Outcome<Void> {
    var writer = try RecordWriter(memory)
    if writer.room() < 1 { return .nothing(QueueMark(bits: memory.seenHeadWord.load())) }
    try writer.write(bytes)
    try writer.publish()
    return .done(())
  }

  /// Puts as many of `count` items as there is room for, and says how many. There may be more room: then it is less
  /// than `count` so that others get their turn.
  @inline(__always)
  func put(
    _ count: Int, _ mode: LookMode, _ item: (Int) -> UnsafeRawBufferPointer
  ) throws -> WaitLook<Int> {
    let result = try look(mode, memory.space, otherSide: memory.headWord) {
      try memory.producerLatch.look(mode, recover: recoverProducers) { .done(try store(count, item)) }
    }
    if case .done(let number) = result { memory.items.ring(number) }
    return result
  }

  @inline(__always)
  private func store(_ count: Int, _ item: (Int) -> UnsafeRawBufferPointer) throws -> Outcome<Int> {
    var writer = try RecordWriter(memory)
    let most = min(count, writer.room(), Self.mostItems)
    if most < 1 { return .nothing(QueueMark(bits: memory.seenHeadWord.load())) }
    var (number, byteCount) = (0, 0)
    while number < most, byteCount < Self.mostBytes {
      let bytes = item(number)
      try writer.write(bytes)
      number += 1
      byteCount += bytes.count
    }
    try writer.publish()
    return .done(number)
  }
}
