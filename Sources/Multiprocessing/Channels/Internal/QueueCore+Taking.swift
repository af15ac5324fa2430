internal import MultiprocessingSystem

// SAFETY: bytes of an item are valid in the call that gives them, and used inside of it only.

/// What becomes of an item that was read.
enum QueueTaking {
  /// It is taken.
  case next
  /// It is taken, and none after it.
  case last
  /// It stays for the next get.
  case leave
}

/// `read` runs under the consumers' latch: it copies, and calls no code of the user's.
extension QueueCore {
  private static let mostBytes = 64 << 10
  private static let mostItems = 4096

  /// Takes one item if there is one.
  @inline(__always)
  func take(_ mode: LookMode, _ read: (UnsafeRawBufferPointer) -> Void) throws -> WaitLook<Void> {
    try take(upTo: 1, mode) {
      read($1)
      return .last
    }.map { _ in }
  }

  /// Takes what there is, at most `limit` items, and says how many. There may be more.
  @inline(__always)
  func take(
    upTo limit: Int, _ mode: LookMode, _ read: (Int, UnsafeRawBufferPointer) -> QueueTaking
  ) throws -> WaitLook<Int> {
    var mustTidy = false
    let result = try look(mode, words.items, otherSide: words.tailWord) {
      try words.consumerLatch.look(mode, recover: recoverConsumers) { .done(try fetch(limit, &mustTidy, read)) }
    }
    if case .done(let number) = result {
      // Without a capacity too: producers of large elements keep pace.
      if number > 0 { words.space.ring(number) }
      if mustTidy, SegmentCircle(memory: memory).mayTrim() { tidy() }
    }
    return result
  }

  /// Under the latch: reads items at the head, then moves it over them.
  @inline(__always)
  private func fetch(
    _ limit: Int, _ mustTidy: inout Bool, _ read: (Int, UnsafeRawBufferPointer) -> QueueTaking
  ) throws -> Outcome<Int> {
    let head = words.head
    let tail = try lastSeen(since: head)
    let most = min(limit, tail.distance(from: head), Self.mostItems)
    if most < 1 { return .nothing(tail) }
    var (place, number, byteCount, taking) = (head.place, 0, 0, QueueTaking.next)
    repeat {
      // What is damaged fails alone, in the next get.
      guard let found = try find(at: place, isFirst: number == 0) else { break }
      taking = read(number, found.bytes)
      if taking == .leave { break }
      place = found.end
      number += 1
      byteCount += found.bytes.count
      if found.hasJumped || SegmentCircle.isLarge(found.bytes.count) { mustTidy = true }
    } while taking == .next && number < most && byteCount < Self.mostBytes
    if number == 0 { return .done(0) }
    try move(from: head, to: head.moved(to: place, adding: number))
    return .done(number)
  }

  @inline(__always)
  private func find(at place: Int, isFirst: Bool) throws -> QueueRecord.Found? {
    do { return try QueueRecord.find(at: place, in: words) } catch {
      if isFirst { throw error }
      return nil
    }
  }

  @inline(__always)
  private func move(from old: QueueMark, to mark: QueueMark) throws {
    guard let ledger else { return words.headWord.store(mark.bits) }
    try ledger.noteTaking(mark.distance(from: old), to: mark) { words.headWord.store($0.bits) }
  }

  /// The tail, looked at only when all that was seen of it is taken.
  @inline(__always)
  private func lastSeen(since head: QueueMark) throws -> QueueMark {
    let seen = QueueMark(bits: words.seenTailWord.load())
    if seen.count != head.count { return seen }
    let tail = words.tail
    words.seenTailWord.store(tail.bits)
    if tail.isFinished, tail.count == head.count { throw Self.closed }
    return tail
  }

  /// Takes what there is without waiting, at most `limit` items and until `read` ends it, giving others their turn; how
  /// many.
  @inline(__always)
  func takeSessions(_ limit: Int, _ patience: UInt64, _ read: (Int, UnsafeRawBufferPointer) -> QueueTaking) throws
    -> Int
  {
    var (done, taking) = (0, QueueTaking.next)
    while done < limit, taking == .next {
      do {
        let number = try attempt(patience) { mode in
          try take(upTo: limit - done, mode) {
            taking = read(done + $0, $1)
            return taking
          }
        }
        guard let number else { break }
        done += number
      } catch {
        // What was taken is for this call, the error for the next.
        if done == 0 { throw error }
        break
      }
    }
    return done
  }
}

extension WaitLook {
  /// The same for another result.
  @inline(__always)
  func map<Other>(_ transform: (Result) throws -> Other) rethrows -> WaitLook<Other> {
    switch self {
    case .done(let result): .done(try transform(result))
    case .sleep(let word, let value): .sleep(word, value)
    }
  }
}
