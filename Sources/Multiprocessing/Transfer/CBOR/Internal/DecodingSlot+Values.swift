// The values inside a slot, whatever kind of container asks for them.
extension DecodingSlot {
  @inline(__always)
  func scalar<S: DirectScalar>(_ type: S.Type, at offset: Int, key: @autoclosure () -> (any CodingKey)?) throws -> S {
    try reading(type, at: key()) { () throws(CBORFault) in try S.read(try input.item(at: offset), from: input) }
  }

  func isNil(at offset: Int, key: (any CodingKey)? = nil) throws -> Bool {
    try reading(Any?.self, at: key) { () throws(CBORFault) in try input.isNil(at: offset) }
  }

  /// Where the content of an optional that is not nil starts.
  func content(ofSomeAt offset: Int) throws -> Int {
    try reading(Any.self) { () throws(CBORFault) in try input.content(ofSomeAt: offset) ?? offset }
  }

  /// A value that `encodeIfPresent`, or the encoding of an optional, has written.
  func decodeIfPresent<T: Decodable>(_ type: T.Type, at offset: Int, key: any CodingKey) throws -> T? {
    if try isNil(at: offset, key: key) { return nil }
    return try decode(type, at: try content(ofSomeAt: offset), key: key)
  }

  /// A slot inside this one, for nested containers and super decoders.
  func nested(at offset: Int, key: any CodingKey) throws -> DecodingSlot {
    let nested = DecodingSlot(input, in: self, at: key, offset: offset)
    try nested.checkDepth()
    return nested
  }

  /// Reads the value at an offset, as part of this slot.
  @inline(__always)
  func decode<T: Decodable>(_ type: T.Type, at offset: Int, key: @autoclosure () -> (any CodingKey)?) throws -> T {
    if let form = DirectForm.of(type), let value = try read(type, form, at: offset, key: key()) { return value }
    return try decodeAny(type, at: offset, key: key())
  }

  @inline(__always)
  private func read<T>(
    _ type: T.Type, _ form: DirectForm, at offset: Int, key: @autoclosure () -> (any CodingKey)?
  ) throws -> T? {
    // SAFETY: the memory has room for one T and is used inside the closure only; the form writes one T or nothing.
    try withUnsafeTemporaryAllocation(of: T.self, capacity: 1) { memory in
      let isRead = try reading(type, at: key()) { () throws(CBORFault) in
        try form.read(try input.item(at: offset), from: input, to: UnsafeMutableRawPointer(memory.baseAddress!))
      }
      // SAFETY: the form is registered for T and says that it has initialised the memory.
      return isRead ? memory.baseAddress!.move() : nil
    }
  }

  @inline(never)
  private func decodeAny<T: Decodable>(_ type: T.Type, at offset: Int, key: (any CodingKey)?) throws -> T {
    let isOptional = RuntimeLayout.isOptional(type)
    let slot = DecodingSlot(
      input, in: self, at: key, offset: isOptional ? offset : try plain(offset), isOptional: isOptional)
    try slot.checkDepth()
    if input.copiesTrivialArrays, let array = try CopiedArray.read(type, from: slot) { return array }
    if let data = try FoundationData.read(type, from: slot) { return data }
    return try type.init(from: slot)
  }

  /// Where an item starts behind the marks of optionals, which mean nothing to other types.
  private func plain(_ offset: Int) throws -> Int {
    try reading(Any.self) { () throws(CBORFault) in
      var offset = offset
      while let content = try input.content(ofSomeAt: offset) { offset = content }
      return offset
    }
  }
}
