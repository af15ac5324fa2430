/// One value that stands for its owner.
struct SingleItemDecoder: SingleValueDecodingContainer {
  let slot: DecodingSlot

  var codingPath: [any CodingKey] { slot.codingPath }

  func decodeNil() -> Bool { (try? slot.input.isNil(at: slot.offset)) ?? false }

  func decode<S: DirectScalar>(_ type: S.Type) throws -> S { try slot.scalar(type, at: slot.offset, key: nil) }

  // Without these two, the protocol's own default, which throws, would be taken before the generic form above.
  func decode(_ type: Int128.Type) throws -> Int128 { try slot.scalar(type, at: slot.offset, key: nil) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try slot.scalar(type, at: slot.offset, key: nil) }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let offset = slot.isOptional ? try slot.content(ofSomeAt: slot.offset) : slot.offset
    return try slot.decode(type, at: offset, key: nil)
  }
}
