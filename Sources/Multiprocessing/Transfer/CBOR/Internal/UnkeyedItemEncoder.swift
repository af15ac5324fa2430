/// Values in a row.
struct UnkeyedItemEncoder: UnkeyedEncodingContainer {
  let slot: EncodingSlot

  var codingPath: [any CodingKey] { slot.codingPath }
  var count: Int { slot.count }

  func encodeNil() throws { try slot.entry { slot.output.writeNil() } }

  func encode<S: DirectScalar>(_ value: S) throws { try slot.entry { value.write(to: slot.output) } }

  // Without these two, the protocol's own default, which throws, would be taken before the generic form above.
  func encode(_ value: Int128) throws { try slot.entry { slot.output.write(value) } }
  func encode(_ value: UInt128) throws { try slot.entry { slot.output.write(value) } }

  func encode<T: Encodable>(_ value: T) throws {
    try slot.entry { try slot.write(value, at: ItemKey.index(slot.count)) }
  }

  /// Bytes in one piece, as Foundation's `Data` gives them, become a byte string.
  func encode<S: Sequence>(contentsOf sequence: S) throws where S.Element == UInt8 {
    let isDone = sequence.withContiguousStorageIfAvailable { bytes in
      // SAFETY: the sequence's own storage, copied into the output inside the closure.
      slot.becomeByteString(UnsafeRawBufferPointer(bytes))
    }
    if isDone != true {
      for byte in sequence { try encode(byte) }
    }
  }

  func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(KeyedItemEncoder(slot: slot.nested(.keyed, at: ItemKey.index(slot.count))))
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    UnkeyedItemEncoder(slot: slot.nested(.unkeyed, at: ItemKey.index(slot.count)))
  }

  func superEncoder() -> any Encoder { slot.nested(.empty, at: ItemKey.index(slot.count)) }
}
