/// Writes `Encodable` values as CBOR (RFC 8949), with arrays of numbers as typed arrays (RFC 8746).
///
/// The bytes are written in one pass into one buffer: there is no tree in between.
package struct CBOREncoder: Sendable {
  /// What `encode(to:)` finds in its encoder's `userInfo`.
  package var userInfo: [CodingUserInfoKey: any Sendable]
  /// Whether arrays of trivially copyable elements are copied as they lie in memory, for a reader of the same build.
  package var copiesTrivialArrays: Bool

  package init(userInfo: [CodingUserInfoKey: any Sendable] = [:], copiesTrivialArrays: Bool = false) {
    self.userInfo = userInfo
    self.copiesTrivialArrays = copiesTrivialArrays
  }

  /// The value as one CBOR item.
  ///
  /// - Throws: `EncodingError`, or what the value's own `encode(to:)` throws.
  package func encode<T: Encodable>(_ value: T) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try encode(value, into: &bytes)
    return bytes
  }

  /// Appends the value as one CBOR item; an error leaves the bytes as they were.
  package func encode<T: Encodable>(_ value: T, into bytes: inout [UInt8]) throws {
    try EncodingMemory.with { memory in
      memory.output.state.pointee.extraUserInfo = userInfo
      memory.output.state.pointee.copiesTrivialArrays = copiesTrivialArrays
      try memory.encode(value)
      // SAFETY: copied inside the call.
      bytes.append(contentsOf: memory.output.content)
    }
  }
}

extension EncodingMemory {
  /// Appends the value as one item; an error leaves the output as it was.
  func encode<T: Encodable>(_ value: T) throws {
    let count = output.count
    var root = takeFrame(ObjectIdentifier(EncodingMemory.self))
    defer { giveBack(&root, ObjectIdentifier(EncodingMemory.self)) }
    do {
      try write(value, in: root)
    } catch {
      try? output.complete()
      output.truncate(to: count)
      throw error
    }
  }

  // Not inlined, so that no reference to the slot is left when the frame is given back.
  @inline(never)
  private func write<T: Encodable>(_ value: T, in frame: borrowing SlotFrame<EncodingSlot>) throws {
    let root = frame.slot
    root.begin(self, in: nil, at: nil, isOptional: false)
    root.kind = .single
    output.top = root
    try root.write(value, at: nil)
    try output.complete()
  }
}
