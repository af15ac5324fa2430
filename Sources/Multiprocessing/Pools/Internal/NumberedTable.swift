/// A dictionary for keys that are given out one after another and never again: a value is found by one multiplication and
/// changed where it is. A pool looks into several of these at each step of each task.
///
/// Open addressing with linear probing; what is removed leaves no mark, because what was behind it moves up (Knuth, The
/// Art of Computer Programming, volume 3, 6.4, algorithm R). Multiplying spreads keys that follow one another evenly (the
/// same chapter, Fibonacci hashing): were a key its own place, thousands would be one run without a gap, and each removal
/// would walk to its end. Keys are above zero.
struct NumberedTable<Key: FixedWidthInteger & Sendable, Value: Sendable>: Sendable {
  fileprivate struct Slot: Sendable {
    /// 0: free.
    var key: Key = 0
    var value: Value?
  }

  private static var least: Int { 8 }
  private static var kept: Int { 1024 }

  /// A power of two, at most three quarters full.
  fileprivate var slots: [Slot] = [Slot](repeating: Slot(), count: least)
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var keys: [Key] { map(\.key) }

  subscript(key: Key) -> Value? {
    get { slots[place(of: key)].value }
    _modify {
      makeRoom()
      let place = place(of: key)
      let wasThere = slots[place].value != nil
      defer { note(key, at: place, wasThere: wasThere) }
      yield &slots[place].value
    }
  }

  @discardableResult
  mutating func removeValue(forKey key: Key) -> Value? {
    let place = place(of: key)
    guard let value = slots[place].value else { return nil }
    remove(at: place)
    return value
  }

  /// Where a key is, or the free place where it would be.
  private func place(of key: Key) -> Int {
    var place = home(of: key)
    while slots[place].key != key, slots[place].key != 0 { place = next(place) }
    return place
  }

  private func home(of key: Key) -> Int {
    let spread = UInt64(truncatingIfNeeded: key) &* 0x9E37_79B9_7F4A_7C15
    return Int(spread >> UInt64(64 - slots.count.trailingZeroBitCount))
  }
  private func next(_ place: Int) -> Int { (place + 1) & (slots.count - 1) }

  /// After a value was perhaps set or taken away.
  private mutating func note(_ key: Key, at place: Int, wasThere: Bool) {
    let isThere = slots[place].value != nil
    if isThere, !wasThere {
      slots[place].key = key
      count += 1
    } else if wasThere, !isThere {
      remove(at: place)
    }
  }

  private mutating func remove(at freed: Int) {
    count -= 1
    // What a burst took is given back, and iterating is quick again.
    if count == 0, slots.count > Self.kept {
      slots = [Slot](repeating: Slot(), count: Self.least)
      return
    }
    var (free, place) = (freed, next(freed))
    while slots[place].key != 0 {
      // One whose way from home passes the free place goes there.
      let distance = (place - home(of: slots[place].key)) & (slots.count - 1)
      if distance >= (place - free) & (slots.count - 1) {
        slots.swapAt(free, place)
        free = place
      }
      place = next(place)
    }
    slots[free] = Slot()
  }

  /// For one more.
  private mutating func makeRoom() {
    guard (count + 1) * 4 > slots.count * 3 else { return }
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    for slot in old where slot.key != 0 { slots[place(of: slot.key)] = slot }
  }
}

extension NumberedTable: Sequence {
  struct Iterator: IteratorProtocol {
    fileprivate var rest: IndexingIterator<[Slot]>

    mutating func next() -> (key: Key, value: Value)? {
      while let slot = rest.next() {
        if let value = slot.value { return (slot.key, value) }
      }
      return nil
    }
  }

  /// In no order to rely on.
  func makeIterator() -> Iterator { Iterator(rest: slots.makeIterator()) }
}
