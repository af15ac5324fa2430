// The values inside a slot, whatever kind of container asks for them.
extension DecodingSlot {
  @inline(__always)
  func scalar<S: DirectScalar>(_ type: S.Type, at offset: Int, key: @autoclosure () -> (any CodingKey)?) throws -> S {
    try reading(type, at: key()) { () throws(CBORFault) in
      let item = try input.item(at: offset)
      let value = try S.read(item, from: input)
      if let end = input.end(ofScalar: item) { input.note(offset, endsAt: end) }
      return value
    }
  }

  /// A scalar that `encodeIfPresent` has written.
  @inline(__always)
  func scalarIfPresent<S: DirectScalar>(_ type: S.Type, at offset: Int, key: any CodingKey) throws -> S? {
    if try isNil(at: offset, key: key) { return nil }
    return try scalar(type, at: offset, key: key)
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
    let nested = DecodingSlot(memory, input, in: self, at: key, offset: offset)
    try nested.checkDepth()
    return nested
  }

  /// Reads the value at an offset, as part of this slot.
  // Without optionals, results and buffers of T: their metadata would be looked up for each value.
  @inline(__always)
  func decode<T: Decodable>(_ type: T.Type, at offset: Int, key: @autoclosure () -> (any CodingKey)?) throws -> T {
    guard let form = DirectForm.of(type) else { return try decodeAny(type, at: offset, key: key()) }
    // The largest of the types with such a form are 16 bytes long.
    var storage: UInt128 = 0
    // SAFETY: a local variable, used inside the closure only.
    return try withUnsafeMutablePointer(to: &storage) { storage in
      let memory = UnsafeMutableRawPointer(storage)
      // SAFETY: the form is registered for T, for which there is room and alignment; it writes one T or nothing.
      let isRead = try reading(type, at: key()) { () throws(CBORFault) in
        try form.read(at: offset, from: input, to: memory)
      }
      // SAFETY: the form says that it has initialised the memory.
      return isRead ? memory.assumingMemoryBound(to: T.self).move() : try decodeAny(type, at: offset, key: key())
    }
  }

  @inline(never)
  private func decodeAny<T: Decodable>(_ type: T.Type, at offset: Int, key: (any CodingKey)?) throws -> T {
    guard let memory else { throw DecodingError.valueNotFound(type, .init(codingPath: [], debugDescription: "ended")) }
    var frame = memory.takeFrame(ObjectIdentifier(type))
    // Also after an error: a new container and its slot hold each other until then.
    defer { memory.giveBack(&frame, ObjectIdentifier(type)) }
    return try read(type, at: offset, in: frame, key)
  }

  // Not inlined, so that no reference to the slot is left when the frame is given back.
  @inline(never)
  private func read<T: Decodable>(
    _ type: T.Type, at offset: Int, in frame: borrowing SlotFrame<DecodingSlot>, _ key: (any CodingKey)?
  ) throws -> T {
    let slot = frame.slot
    let isOptional = RuntimeLayout.isOptional(type)
    let start = isOptional ? offset : try plain(offset)
    slot.begin(memory, in: self, at: key, offset: start, isOptional: isOptional)
    try slot.checkDepth()
    let major = try slot.reading(type) { () throws(CBORFault) in try input.major(at: start) }
    if major == CBORMajor.tag, input.state.pointee.copiesTrivialArrays {
      if let array = try CopiedArray.read(type, from: slot) { return array }
    }
    if major == CBORMajor.bytes, let data = try FoundationData.read(type, from: slot) { return data }
    let value = try type.init(from: slot)
    if let end = slot.index.end { input.note(offset, endsAt: end) }
    return value
  }

  /// Where an item starts behind the marks of optionals, which mean nothing to other types.
  private func plain(_ offset: Int) throws -> Int {
    try reading(Any.self) { () throws(CBORFault) in
      guard try input.major(at: offset) == CBORMajor.tag else { return offset }
      var offset = offset
      while let content = try input.content(ofSomeAt: offset) { offset = content }
      return offset
    }
  }
}
