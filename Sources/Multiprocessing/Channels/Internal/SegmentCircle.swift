internal import MultiprocessingSystem

/// The segments of a queue's window, linked in a circle. All of it under the producers' latch. States: `README.md`.
struct SegmentCircle {
  let memory: QueueMemory
  private var words: QueueWords { memory.words }

  /// The place of the next, and the size.
  static let headerSize = 16
  private static let leastSize = 64 << 10
  private static let mostSize = 2 << 20
  /// A larger one holds one message, and is not kept.
  private static let large = 4 * mostSize + QueueWords.page
  /// Free memory that is kept for the next round: taking it anew costs more than copying into it. Above what a busy
  /// queue's backlog goes up and down by, with segments half empty.
  static let kept = 16 << 20

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

  /// A free segment after this one that holds a record of `size` bytes; made if there is none.
  func advance(from segment: Int, size: Int, head: Int) throws -> Range<Int> {
    let needed = Self.headerSize + size + QueueRecord.headSize
    var walked = 0
    while let free = try free(after: segment, head: head) {
      if free.count >= needed, (try? refill(free)) != nil { return free }
      walked += 1
      if walked > words.window / QueueWords.page { throw QueueMemory.damaged }
      try remove(free, after: segment)
    }
    return try insert(after: segment, needed: needed)
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

  private func remove(_ range: Range<Int>, after segment: Int) throws {
    words.longWord(at: segment).store(UInt64(try next(of: range.lowerBound)))
    Steps.step()
    memory.primitive.block.giveBack(range)
  }

  private func insert(after segment: Int, needed: Int) throws -> Range<Int> {
    let ranges = try all(from: segment)
    let total = ranges.reduce(0) { $0 + $1.count }
    let least = pages(needed)
    // Several of a size; what is as large as a segment, but not larger, shares one of four times the size.
    let several = needed > Self.mostSize ? needed : min(4 * needed, 4 * Self.mostSize)
    let wanted = pages(max(several, min(max(total, Self.leastSize), Self.mostSize)))
    var new = try gap(of: wanted, between: ranges) ?? gap(of: least, between: ranges)
    guard let found = new else { throw windowIsFull(needed) }
    do { try reserve(found) } catch  where found.count > least {
      new = found.lowerBound..<found.lowerBound + least
      try reserve(new!)
    }
    return try link(new!, after: segment)
  }

  private func link(_ range: Range<Int>, after segment: Int) throws -> Range<Int> {
    let next = try next(of: segment)
    words.longWord(at: range.lowerBound).store(UInt64(next))
    words.longWord(at: range.lowerBound + 8).store(UInt64(range.count))
    words.longWord(at: segment).store(UInt64(range.lowerBound))
    return range
  }

  private func pages(_ byteCount: Int) -> Int {
    (byteCount + QueueWords.page - 1) / QueueWords.page * QueueWords.page
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
  /// Removes free segments beyond what is kept; takes back what was read of a large one.
  func trim(from segment: Int, head: Int, keeping kept: Int = SegmentCircle.kept) throws {
    var (last, sum) = (segment, 0)
    for _ in 0..<words.window / QueueWords.page {
      guard let free = try free(after: last, head: head) else { break }
      // Back at the beginning: nothing may be removed that is still counted on.
      if free.lowerBound == segment { break }
      if free.count > Self.large || sum + free.count > kept {
        try remove(free, after: last)
      } else {
        sum += free.count
        last = free.lowerBound
      }
    }
    let next = try self.next(of: last)
    let range = try range(of: next)
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
    for gap in gaps(between: ranges) { memory.primitive.block.giveBack(gap) }
  }
}
