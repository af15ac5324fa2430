internal import MultiprocessingSystem

/// The segments of a queue's window, linked in a circle. All of it under the producers' latch. States: `README.md`.
struct SegmentCircle {
  let memory: QueueMemory
  private var words: QueueWords { memory.words }

  /// The place of the next, and the size.
  static let headerSize = 16
  private static let leastSize = 64 << 10
  private static let mostSize = 2 << 20
  /// Up to here four records share a segment at least; larger ones are worth a change of segments each.
  private static let shared = 128 << 10
  /// Free memory that is kept for the next round: taking it anew costs more than copying into it. Above what a busy
  /// queue's backlog goes up and down by, with segments half empty.
  static let kept = 16 << 20
  /// A larger one holds one message, and is not kept.
  private static let large = 4 * mostSize + QueueWords.page

  /// Whether a record of so many bytes may have such a segment.
  static func isLarge(_ byteCount: Int) -> Bool { byteCount >= large - 2 * QueueWords.page }

  private func isSegment(_ place: Int) -> Bool {
    place >= words.firstPlace && place % QueueWords.page == 0 && place < words.window
  }

  func next(of segment: Int) throws -> Int { try checked(words.longWord(at: segment).load()) }

  /// A segment's place, as a word says.
  func checked(_ word: UInt64) throws -> Int {
    let place = Int(truncatingIfNeeded: word)
    guard isSegment(place) else { throw QueueMemory.damaged }
    return place
  }

  func range(of segment: Int) throws -> Range<Int> {
    let size = words.longWord(at: segment + 8).load()
    guard size > 0, size <= UInt64(words.window - segment), size % UInt64(QueueWords.page) == 0 else {
      throw QueueMemory.damaged
    }
    return segment..<segment + Int(size)
  }

  /// All, from one on.
  func all(from segment: Int) throws -> [Range<Int>] {
    var ranges = [try range(of: segment)]
    var next = try self.next(of: segment)
    while next != segment {
      if ranges.count > words.window / QueueWords.page { throw QueueMemory.damaged }
      ranges.append(try range(of: next))
      next = try self.next(of: next)
    }
    return ranges
  }

  /// A free segment that holds a record of `size` bytes, linked after this one; made if there is none.
  func advance(from segment: Int, size: Int, head: Int) throws -> Range<Int> {
    let needed = Self.headerSize + size + QueueRecord.headSize
    if let (range, previous) = try pick(after: segment, needed: needed, head: head), (try? refill(range)) != nil {
      try move(range, from: previous, after: segment)
      return range
    }
    return try insert(after: segment, needed: needed, head: head)
  }

  /// Of the smallest free segments that are large enough the one that was in use last, because it is in the caches, with
  /// the one before it.
  private func pick(after segment: Int, needed: Int, head: Int) throws -> (Range<Int>, previous: Int)? {
    var (found, least): ((Range<Int>, previous: Int)?, Int) = (nil, .max)
    try forEachFree(after: segment, head: head) { range, previous in
      if range.count >= needed, range.count <= least { (found, least) = ((range, previous), range.count) }
      return range.lowerBound
    }
    return found
  }

  /// Calls `body` with each free segment, that in use last at the end, and with the one before it. It says which is to be
  /// before the next.
  private func forEachFree(after segment: Int, head: Int, _ body: (Range<Int>, Int) throws -> Int) throws {
    var last = segment
    for _ in 0..<words.window / QueueWords.page {
      // Back at the beginning: all are free but the one that is counted on.
      guard let free = try free(after: last, head: head), free.lowerBound != segment else { return }
      last = try body(free, last)
    }
    throw QueueMemory.damaged
  }

  /// The next if it is free: not the one in which the head is, nor this one again.
  private func free(after segment: Int, head: Int) throws -> Range<Int>? {
    let next = try self.next(of: segment)
    if next == segment { return nil }
    let range = try range(of: next)
    return range.contains(head) ? nil : range
  }

  /// A large one may have lost pages that were read.
  private func refill(_ range: Range<Int>) throws {
    if range.count > Self.large { try memory.primitive.block.reserve(range) }
  }

  /// Moves a free segment to the place behind another; for a moment it is in no circle.
  private func move(_ range: Range<Int>, from previous: Int, after segment: Int) throws {
    if previous == segment { return }
    words.longWord(at: previous).store(UInt64(try next(of: range.lowerBound)))
    words.longWord(at: range.lowerBound).store(UInt64(try next(of: segment)))
    words.longWord(at: segment).store(UInt64(range.lowerBound))
  }

  private func remove(_ range: Range<Int>, after segment: Int) throws {
    words.longWord(at: segment).store(UInt64(try next(of: range.lowerBound)))
    Steps.step()
    memory.primitive.block.giveBack(range)
    // The sum is never too small, or consumers would leave memory to the next put.
    words.heldWord.store(words.heldWord.load() &- UInt64(range.count))
  }

  private func insert(after segment: Int, needed: Int, head: Int) throws -> Range<Int> {
    do { return try make(after: segment, needed: needed) } catch let error as MultiprocessingError
      where error.code == .outOfMemory
    {
      // What is free and too small may be in the way.
      try trim(from: segment, head: head, keeping: 0)
      return try make(after: segment, needed: needed)
    }
  }

  private func make(after segment: Int, needed: Int) throws -> Range<Int> {
    let ranges = try all(from: segment)
    let total = ranges.reduce(0) { $0 + $1.count }
    let (least, wanted) = (pages(needed), size(for: needed, beside: total))
    var new = try gap(of: wanted, between: ranges) ?? gap(of: least, between: ranges)
    guard let found = new else { throw windowIsFull(needed) }
    words.heldWord.store(UInt64(total + found.count))
    do { try reserve(found) } catch  where found.count > least {
      new = found.lowerBound..<found.lowerBound + least
      try reserve(new!)
    }
    return try link(new!, after: segment)
  }

  /// An eighth of what there is, so that a queue whose consumers keep up goes round in little memory and a long one has
  /// few segments, and whole records.
  private func size(for needed: Int, beside total: Int) -> Int {
    if needed <= Self.shared { return pages(max(4 * needed, min(max(total / 8, Self.leastSize), Self.mostSize))) }
    let share = min(total / 8, 4 * Self.mostSize)
    let whole = max(needed, share / needed * needed)
    // Room for one that is a little larger, too.
    return whole > 4 * Self.mostSize ? pages(whole) : pages(whole, of: Self.leastSize)
  }

  private func link(_ range: Range<Int>, after segment: Int) throws -> Range<Int> {
    let next = try next(of: segment)
    words.longWord(at: range.lowerBound).store(UInt64(next))
    words.longWord(at: range.lowerBound + 8).store(UInt64(range.count))
    words.longWord(at: segment).store(UInt64(range.lowerBound))
    return range
  }

  private func pages(_ byteCount: Int, of page: Int = QueueWords.page) -> Int {
    (byteCount + page - 1) / page * page
  }

  private func reserve(_ range: Range<Int>) throws {
    do { try memory.primitive.block.reserve(range) } catch {
      memory.primitive.block.giveBack(range)
      throw error
    }
  }

  private func windowIsFull(_ needed: Int) -> MultiprocessingError {
    MultiprocessingError(
      .outOfMemory, "\(needed) bytes more do not fit into this queue: it holds \(words.window) with all that is waiting"
    )
  }

  /// Where there is room, as low as possible.
  private func gap(of size: Int, between ranges: [Range<Int>]) throws -> Range<Int>? {
    gaps(between: ranges).first { $0.count >= size }.map { $0.lowerBound..<$0.lowerBound + size }
  }

  private func gaps(between ranges: [Range<Int>]) -> [Range<Int>] {
    var gaps: [Range<Int>] = []
    var end = words.firstPlace
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > end { gaps.append(end..<range.lowerBound) }
      end = max(end, range.upperBound)
    }
    if end < words.window { gaps.append(end..<words.window) }
    return gaps
  }
}

/// Giving memory back.
extension SegmentCircle {
  /// Whether there may be something to trim: a look at one word, without the latch.
  func mayTrim(keeping kept: Int = SegmentCircle.kept) -> Bool { words.heldWord.load() > UInt64(min(kept, Self.large)) }

  /// Removes free segments beyond what is kept, those in use longest ago first; takes back what was read of a large one.
  func trim(from segment: Int, head: Int, keeping kept: Int = SegmentCircle.kept) throws {
    if !mayTrim(keeping: kept) { return }
    var (sum, last) = (0, segment)
    try forEachFree(after: segment, head: head) { range, _ in
      if range.count <= Self.large { sum += range.count }
      return range.lowerBound
    }
    try forEachFree(after: segment, head: head) { range, previous in
      last = range.lowerBound
      if range.count <= Self.large {
        if sum <= kept { return last }
        sum -= range.count
      }
      last = previous
      try remove(range, after: previous)
      return last
    }
    let range = try range(of: try self.next(of: last))
    if range.count > Self.large, range.contains(head) { takeBackRead(of: range, head) }
  }

  private func takeBackRead(of range: Range<Int>, _ head: Int) {
    let start = range.lowerBound + QueueWords.page
    let end = head / QueueWords.page * QueueWords.page
    if start < end { memory.primitive.block.giveBack(start..<end) }
  }

  /// After a death: finds the segment of the tail, and takes back memory that is in no segment.
  func repair() throws {
    let ranges = try all(from: try checked(words.segmentWord.load()))
    let place = words.tail.place
    guard let range = ranges.first(where: { $0.contains(place) }) else { throw QueueMemory.damaged }
    words.segmentWord.store(UInt64(range.lowerBound))
    words.limitWord.store(UInt64(range.upperBound))
    words.heldWord.store(UInt64(ranges.reduce(0) { $0 + $1.count }))
    for gap in gaps(between: ranges) { memory.primitive.block.giveBack(gap) }
  }
}
