internal import MultiprocessingSystem

extension QueueCore {
  private static let mostBytes = 64 << 10
  private static let mostItems = 4096
  /// From this size on, a record that was read may have left pages to give back.
  private static let large = 1 << 20

  /// Takes one item if there is one. `read` runs under the latch: it copies, and calls no code of the user's. What it
  /// throws fails this call alone: the item is taken.
  @inline(__always)
  func take<Result>(
    _ mode: LookMode, _ read: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> WaitLook<Result> {
    var mustTidy = false
    let result = try look(mode, memory.items, otherSide: memory.tailWord) {
      try memory.consumerLatch.look(mode, recover: recoverConsumers) {
        .done(
          try fetch(1, &mustTidy) { _, bytes in
            Swift.Result { try read(bytes) }
          })
      }
    }
    if case .done = result { afterTaking(1, mustTidy) }
    return try result.get()
  }

  /// Takes what there is, at most `limit` items, and says how many. There may be more.
  @inline(__always)
  func take(
    upTo limit: Int, _ mode: LookMode, _ read: (Int, UnsafeRawBufferPointer) throws -> Void
  ) throws -> WaitLook<Int> {
    var (mustTidy, number) = (false, 0)
    var failure: (any Error)?
    let result = try look(mode, memory.items, otherSide: memory.tailWord) {
      try memory.consumerLatch.look(mode, recover: recoverConsumers) {
        .done(
          try fetch(min(limit, Self.mostItems), &mustTidy) { index, bytes in
            number = index + 1
            do { try read(index, bytes) } catch { failure = error }
          })
      }
    }
    guard case .done = result else { return result.map { _ in 0 } }
    afterTaking(number, mustTidy)
    if let failure { throw failure }
    return .done(number)
  }

  /// Under the latch: reads items at the head, then moves it over them. The result is that of the last.
  @inline(__always)
  private func fetch<Result>(
    _ limit: Int, _ mustTidy: inout Bool, _ read: (Int, UnsafeRawBufferPointer) -> Result
  ) throws -> Outcome<Result> {
    let head = memory.head
    let tail = try lastSeen(since: head)
    let most = min(limit, tail.distance(from: head))
    if most < 1 { return .nothing(tail) }
    var (place, number, byteCount) = (head.place, 0, 0)
    var result: Result
    repeat {
      let found = try QueueRecord.find(at: place, in: memory)
      result = read(number, found.bytes)
      place = found.end
      number += 1
      byteCount += found.bytes.count
      if found.hasJumped || found.bytes.count >= Self.large { mustTidy = true }
    } while number < most && byteCount < Self.mostBytes
    let mark = head.moved(to: place, adding: number)
    if let ledger {
      try ledger.noteTaking(number, to: mark) { memory.headWord.store($0.bits) }
    } else {
      memory.headWord.store(mark.bits)
    }
    return .done(result)
  }

  /// The tail, looked at only when all that was seen of it is taken.
  @inline(__always)
  private func lastSeen(since head: QueueMark) throws -> QueueMark {
    let seen = QueueMark(bits: memory.seenTailWord.load())
    if seen.count != head.count { return seen }
    let tail = memory.tail
    memory.seenTailWord.store(tail.bits)
    if tail.isFinished, tail.count == head.count { throw Self.closed }
    return tail
  }

  @inline(__always)
  private func afterTaking(_ number: Int, _ mustTidy: Bool) {
    if memory.capacity != nil { memory.space.ring(number) }
    if mustTidy { tidy() }
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

  /// What was done, if it did not fail.
  @inline(__always)
  func get<Success>() throws -> WaitLook<Success> where Result == Swift.Result<Success, any Error> {
    try map { try $0.get() }
  }
}

extension QueueCore {
  /// Takes what there is without waiting, at most `limit` items, giving others their turn; how many.
  @inline(__always)
  func takeSessions(_ limit: Int, _ read: (Int, UnsafeRawBufferPointer) throws -> Void) throws -> Int {
    var done = 0
    while done < limit {
      do {
        let number = try attempt { mode in
          try take(upTo: limit - done, mode) { try read(done + $0, $1) }
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
