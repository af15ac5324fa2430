/// One value that stands for its owner.
struct SingleItemEncoder: SingleValueEncodingContainer {
  let slot: EncodingSlot

  var codingPath: [any CodingKey] { slot.codingPath }

  func encodeNil() throws { try slot.only { slot.output.writeNil() } }

  func encode<S: DirectScalar>(_ value: S) throws { try slot.only { value.write(to: slot.output) } }

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
