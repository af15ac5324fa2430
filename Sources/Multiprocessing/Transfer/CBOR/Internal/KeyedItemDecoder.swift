/// Values under keys.
struct KeyedItemDecoder<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let slot: DecodingSlot

  private var index: MapIndex { slot.index }
  var codingPath: [any CodingKey] { slot.codingPath }
  var allKeys: [Key] { (try? index.allKeys(Key.self)) ?? [] }

  func contains(_ key: Key) -> Bool { ((try? index.value(for: key)) ?? nil) != nil }

  @inline(__always)
  private func find(_ key: some CodingKey) throws -> Int? {
    try slot.reading(Any.self, at: key) { () throws(CBORFault) in try index.value(for: key) }
  }

  @inline(__always)
  private func offset(_ key: some CodingKey) throws -> Int {
    guard let offset = try find(key) else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "no value for the key \"\(key.stringValue)\""))
    }
    return offset
  }

  func decodeNil(forKey key: Key) throws -> Bool { try slot.isNil(at: try offset(key), key: key) }

  func decode<S: DirectScalar>(_ type: S.Type, forKey key: Key) throws -> S {
    try slot.scalar(type, at: try offset(key), key: key)
  }

  func decodeIfPresent<S: DirectScalar>(_ type: S.Type, forKey key: Key) throws -> S? {
    guard let offset = try find(key) else { return nil }
    return try slot.scalarIfPresent(type, at: offset, key: key)
  }

  // Without these two, the protocol's own default, which throws, would be taken before the generic form above.
  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 {
    try slot.scalar(type, at: try offset(key), key: key)
  }

  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
    try slot.scalar(type, at: try offset(key), key: key)
  }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try slot.decode(type, at: try offset(key), key: key)
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    guard let offset = try find(key) else { return nil }
    return try slot.decodeIfPresent(type, at: offset, key: key)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try slot.nested(at: try offset(key), key: key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try slot.nested(at: try offset(key), key: key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder {
    try slot.nested(at: try offset(ItemKey.superClass), key: ItemKey.superClass)
  }

  func superDecoder(forKey key: Key) throws -> any Decoder { try slot.nested(at: try offset(key), key: key) }
}
