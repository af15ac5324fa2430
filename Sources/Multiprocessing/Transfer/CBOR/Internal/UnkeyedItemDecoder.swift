/// Values in a row: an array's items, or the numbers of a byte string or a typed array.
struct UnkeyedItemDecoder: UnkeyedDecodingContainer {
  private var slot: DecodingSlot
  /// Where the next item starts.
  private var offset: Int
  /// The numbers, unless the entries are items.
  private var numbers: TypedNumbers?
  private(set) var count: Int?
  private(set) var currentIndex = 0

  init(_ slot: DecodingSlot) throws(CBORFault) {
    self.slot = slot
    let item = try slot.input.item(at: slot.offset)
    offset = item.next
    if item.tag == CBORTag.copiedArray { throw CopiedArray.mismatch }
    switch item.major {
    case CBORMajor.bytes:
      let numbers = try TypedNumbers(item, in: slot.input)
      self.numbers = numbers
      count = numbers.count
    case CBORMajor.array:
      count = item.isIndefinite ? nil : try slot.input.count(of: item, size: 1)
    default: throw .found(item)
    }
  }

  var codingPath: [any CodingKey] { slot.codingPath }

  var isAtEnd: Bool {
    if let count { return currentIndex >= count }
    return slot.input.isBreak(at: offset)
  }

  private var key: ItemKey { .index(currentIndex) }

  private func checkNotAtEnd(_ type: Any.Type) throws {
    guard isAtEnd else { return }
    throw DecodingError.valueNotFound(
      type, .init(codingPath: slot.path(to: key), debugDescription: "no element left"))
  }

  /// Moves behind the item at the current place.
  private mutating func advance() throws {
    offset = try slot.reading(Any.self, at: key) { () throws(CBORFault) in
      try slot.input.end(of: offset, depth: slot.depth + 1)
    }
    currentIndex += 1
    if currentIndex == count { slot.input.note(slot.offset, endsAt: offset) }
  }

  /// Turns numbers into items, for types that ask for more than a number.
  private mutating func expand() throws {
    guard let numbers else { return }
    let items = try slot.reading([Any].self) { () throws(CBORFault) in
      DecodingMemory(owning: try numbers.items(from: currentIndex, in: slot.input), like: slot.input)
    }
    slot = DecodingSlot(items, items.input, in: slot.parent, at: slot.key, offset: 0)
    self.numbers = nil
    offset = 0
  }

  // MARK: Reading

  mutating func decodeNil() throws -> Bool {
    try checkNotAtEnd(Any?.self)
    guard numbers == nil, try slot.isNil(at: offset) else { return false }
    try advance()
    return true
  }

  mutating func decode<S: DirectScalar>(_ type: S.Type) throws -> S { try scalar(type) }

  // Without these two, the protocol's own default, which throws, would be taken before the generic form above.
  mutating func decode(_ type: Int128.Type) throws -> Int128 { try scalar(type) }
  mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try scalar(type) }

  @inline(__always)
  private mutating func scalar<S: DirectScalar>(_ type: S.Type) throws -> S {
    try checkNotAtEnd(type)
    if let numbers {
      let value = try slot.reading(type, at: key) { () throws(CBORFault) in
        try numbers.scalar(at: currentIndex, as: type, from: slot.input)
      }
      currentIndex += 1
      return value
    }
    let value = try slot.scalar(type, at: offset, key: key)
    try advance()
    return value
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try checkNotAtEnd(type)
    try expand()
    let value = try slot.decode(type, at: offset, key: key)
    try advance()
    return value
  }

  mutating func decodeIfPresent<T: Decodable>(_ type: T.Type) throws -> T? {
    if isAtEnd { return nil }
    try expand()
    let value = try slot.decodeIfPresent(type, at: offset, key: key)
    try advance()
    return value
  }

  mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try nested().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try nested().unkeyedContainer() }

  mutating func superDecoder() throws -> any Decoder { try nested() }

  private mutating func nested() throws -> DecodingSlot {
    try checkNotAtEnd((any Decoder).self)
    try expand()
    let nested = try slot.nested(at: offset, key: key)
    try advance()
    return nested
  }
}
