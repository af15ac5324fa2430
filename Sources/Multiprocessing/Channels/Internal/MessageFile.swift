internal import MultiprocessingSystem

/// A body too large for a datagram, in a memory file that nobody can change any more.
enum MessageFile {
  /// A sealed file with these bytes.
  ///
  /// - Throws: `outOfMemory`, `system`.
  // SAFETY: the bytes are read inside the call only.
  static func make(_ body: UnsafeRawBufferPointer) throws -> Descriptor {
    let count = body.count
    do {
      let file = try MemoryFile(sealableNamed: "mp-message")
      try MemoryReservation.reserve(0..<count) { try file.reserve($0) }
      try file.write(body, at: 0)
      try file.seal()
      return file.descriptor
    } catch let error as SystemError {
      throw MultiprocessingError(
        error.isOutOfMemory ? .outOfMemory : .system, doing: "a message of \(count) bytes could not be sent", error)
    }
  }

  /// What such a file holds.
  ///
  /// - Throws: `notTransferable` for any other file.
  static func body(in descriptor: Descriptor, length: UInt64) throws -> LinkMessage.Body {
    let file = MemoryFile(descriptor)
    guard let count = Int(exactly: length), count > 0, file.isSealed else {
      throw DatagramLink.malformed("a file that may still change")
    }
    let sizes = try file.sizes()
    // A file that claims more than is behind it would have us take memory that nobody ever wrote.
    guard sizes.logical == count, sizes.allocated >= count else {
      throw DatagramLink.malformed("a file that is cut short")
    }
    return .mapping(try SharedMapping(reading: file, byteCount: count))
  }

  /// The end of a body, which is to be read once.
  ///
  /// - Throws: `notTransferable` for a file that is cut short.
  static func end(in descriptor: Descriptor, length: UInt64) throws -> PayloadFile {
    guard let count = Int(exactly: length),
      let file = try PayloadFile(received: MemoryFile(descriptor), byteCount: count)
    else { throw DatagramLink.malformed("a file that is cut short") }
    return file
  }
}
