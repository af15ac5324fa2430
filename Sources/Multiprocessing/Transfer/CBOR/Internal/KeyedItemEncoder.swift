/// Values under keys. The keys are written as text, also where they have an `intValue`, which may say less.
struct KeyedItemEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: EncodingSlot

  var codingPath: [any CodingKey] { slot.codingPath }

  @inline(__always)
  private func entry(_ key: Key, _ body: (EncodingOutput) throws -> Void) throws {
    try slot.entry {
      slot.output.write(key.stringValue)
      try body(slot.output)
    }
  }

  func encodeNil(forKey key: Key) throws { try entry(key) { $0.writeNil() } }

  func encode<S: DirectScalar>(_ value: S, forKey key: Key) throws {
    try entry(key) { value.write(to: $0) }
  }

  // Without these two, the protocol's own default, which throws, would be taken before the generic form above.
  func encode(_ value: Int128, forKey key: Key) throws { try entry(key) { $0.write(value) } }
  func encode(_ value: UInt128, forKey key: Key) throws { try entry(key) { $0.write(value) } }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    try entry(key) { _ in try slot.write(value, at: key) }
  }

  func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
    guard let value else { return }
    try entry(key) { _ in try slot.writeSome(value, at: key) }
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy keyType: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    KeyedEncodingContainer(KeyedItemEncoder<Nested>(slot: slot.nested(.keyed, at: key, named: key.stringValue)))
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    UnkeyedItemEncoder(slot: slot.nested(.unkeyed, at: key, named: key.stringValue))
  }

  func superEncoder() -> any Encoder { slot.nested(.empty, at: ItemKey.superClass, named: "super") }

  func superEncoder(forKey key: Key) -> any Encoder { slot.nested(.empty, at: key, named: key.stringValue) }
}
