/// One value that stands for its owner.
struct SingleItemEncoder: SingleValueEncodingContainer {
  let slot: EncodingSlot

  var codingPath: [any CodingKey] { slot.codingPath }

  func encodeNil() throws { try slot.only { slot.output.writeNil() } }

  func encode<S: DirectScalar>(_ value: S) throws { try slot.only { value.write(to: slot.output) } }

  // Without these two, the protocol's own default, which throws, would be taken before the generic form above.
  func encode(_ value: Int128) throws { try slot.only { slot.output.write(value) } }
  func encode(_ value: UInt128) throws { try slot.only { slot.output.write(value) } }

  func encode<T: Encodable>(_ value: T) throws {
    try slot.only {
      if slot.isOptional {
        try slot.writeSome(value, at: nil)
      } else {
        try slot.write(value, at: nil)
      }
    }
  }
}
