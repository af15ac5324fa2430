extension EncodingSlot: Encoder {
  var userInfo: [CodingUserInfoKey: Any] { output.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    claimed(.keyed).keyedContainer(type)
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    UnkeyedItemEncoder(slot: claimed(.unkeyed))
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleItemEncoder(slot: claimed(.single))
  }

  /// The slot itself as a container of that kind; else the failure is noted and writing to it throws.
  private func claimed(_ kind: Kind) -> EncodingSlot {
    if claim(kind) { return self }
    let text = "the value asked for containers of different kinds, or for one after its encode(to:) had ended"
    if output.failure == nil { output.failure = error(text) }
    return .refusing(in: self, at: nil)
  }
}

// MARK: - Values inside

extension EncodingSlot {
  /// Writes a value at the end of the output, as the content of this slot.
  @inline(__always)
  func write<T: Encodable>(_ value: T, at key: @autoclosure () -> (any CodingKey)?) throws {
    if let form = DirectForm.of(T.self) {
      // SAFETY: the form was registered for exactly this type.
      withUnsafePointer(to: value) { form.write(UnsafeRawPointer($0), to: output) }
    } else {
      try writeAny(value, at: key())
    }
  }

  @inline(never)
  private func writeAny<T: Encodable>(_ value: T, at key: (any CodingKey)?) throws {
    if output.state.pointee.copiesTrivialArrays, CopiedArray.write(value, to: output) { return }
    guard let memory else { throw error("the slot is not in use") }
    var frame = memory.takeFrame(ObjectIdentifier(T.self))
    // Also after an error: a new container and its slot hold each other until then.
    defer { memory.giveBack(&frame, ObjectIdentifier(T.self)) }
    try fill(frame, with: value, at: key)
  }

  // Not inlined, so that no reference to the slot is left when the frame is given back.
  @inline(never)
  private func fill<T: Encodable>(
    _ frame: borrowing SlotFrame<EncodingSlot>, with value: T, at key: (any CodingKey)?
  ) throws {
    let slot = frame.slot
    slot.begin(in: self, at: key, isOptional: RuntimeLayout.isOptional(T.self))
    try slot.checkDepth(T.self)
    output.top = slot
    try value.encode(to: slot)
    output.finish(slot, returningTo: self)
  }

  /// Writes the content of an optional that is not nil, so that it differs from nil even where it reads as null.
  @inline(__always)
  func writeSome<T: Encodable>(_ value: T, at key: @autoclosure () -> (any CodingKey)?) throws {
    let mark = output.count
    try write(value, at: key())
    if output.readsAsNil(at: mark) { output.replace(mark..<mark, with: CBORTag.someHead) }
  }

  func checkDepth(_ type: Any.Type?) throws {
    guard depth <= CBORBounds.depth else {
      throw error("nested deeper than \(CBORBounds.depth) levels", of: type)
    }
    guard !output.state.pointee.gauge.isExhausted() else {
      throw error("nested too deeply: the thread's stack is used up by its encode(to:) calls", of: type)
    }
  }
}

extension EncodingOutput {
  /// Whether the item there is null, or the mark of an optional that is not nil.
  func readsAsNil(at offset: Int) -> Bool {
    self[offset] == 0xF6 || (self[offset] == CBORTag.someHead[0] && content[offset...].starts(with: CBORTag.someHead))
  }
}
