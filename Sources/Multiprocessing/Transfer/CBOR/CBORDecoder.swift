internal import MultiprocessingSystem

// SAFETY: the caller keeps `bytes` valid for the call. Only the `DecodingInput` holds them longer, and it has none once
// the call returns, so a decoder that a value's `init(from:)` kept finds nothing.

/// Reads `Decodable` values from CBOR (RFC 8949) that may come from anywhere.
package struct CBORDecoder: Sendable {
  /// What `init(from:)` finds in its decoder's `userInfo`.
  package var userInfo: [CodingUserInfoKey: any Sendable]
  /// Whether arrays copied as they lie in memory are accepted: only from a writer of the same build.
  package var copiesTrivialArrays: Bool

  package init(userInfo: [CodingUserInfoKey: any Sendable] = [:], copiesTrivialArrays: Bool = false) {
    self.userInfo = userInfo
    self.copiesTrivialArrays = copiesTrivialArrays
  }

  /// Reads one item that takes all the bytes.
  ///
  /// - Throws: `DecodingError`, or what the value's own `init(from:)` throws.
  package func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    // SAFETY: read inside the call only.
    try bytes.withUnsafeBytes { try decode(type, from: $0) }
  }

  /// Reads one item that takes all the bytes, without copying them first.
  package func decode<T: Decodable>(_ type: T.Type, from bytes: UnsafeRawBufferPointer) throws -> T {
    var position = 0
    let value = try decode(type, from: bytes, at: &position)
    guard position == bytes.count else {
      let text = "\(bytes.count - position) bytes behind the value"
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: text))
    }
    return value
  }

  /// Reads the item at a position and moves the position behind it.
  package func decode<T: Decodable>(
    _ type: T.Type, from bytes: UnsafeRawBufferPointer, at position: inout Int
  ) throws -> T {
    try decode(type, from: bytes, at: &position, descriptors: nil)
  }

  func decode<T: Decodable>(
    _ type: T.Type, from bytes: UnsafeRawBufferPointer, at position: inout Int, descriptors: [Descriptor]?
  ) throws -> T {
    try DecodingMemory.with(bytes) { memory in
      let state = memory.input.state
      if !userInfo.isEmpty { state.pointee.extraUserInfo = userInfo }
      state.pointee.descriptors = descriptors
      state.pointee.copiesTrivialArrays = copiesTrivialArrays
      return try memory.decode(type, at: &position)
    }
  }
}

extension DecodingMemory {
  /// Reads the item at a position and moves the position behind it.
  func decode<T: Decodable>(_ type: T.Type, at position: inout Int) throws -> T {
    var root = takeFrame(ObjectIdentifier(DecodingMemory.self))
    defer { giveBack(&root, ObjectIdentifier(DecodingMemory.self)) }
    return try read(type, at: &position, in: root)
  }

  // Not inlined, so that no reference to the slot is left when the frame is given back.
  @inline(never)
  private func read<T: Decodable>(
    _ type: T.Type, at position: inout Int, in frame: borrowing SlotFrame<DecodingSlot>
  ) throws -> T {
    let root = frame.slot
    root.begin(self, in: nil, at: nil, offset: position, isOptional: false)
    let value = try root.decode(type, at: position, key: nil)
    position = try root.reading(type) { [position] () throws(CBORFault) in try input.end(of: position, depth: 0) }
    return value
  }
}
