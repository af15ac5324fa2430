package import MultiprocessingSystem

/// An encoded message: its bytes, and the descriptors that handles in it have attached.
package struct TransferPayload: Sendable {
  /// What few messages have, by itself: a message goes through many hands, and each takes hold of every part of it.
  private final class Rest: Sendable {
    let descriptors: [Descriptor]
    let file: PayloadFile?

    init(_ descriptors: [Descriptor], _ file: PayloadFile?) { (self.descriptors, self.file) = (descriptors, file) }
  }

  package var bytes: [UInt8]
  private var rest: Rest?

  package init(bytes: [UInt8] = [], descriptors: [Descriptor] = [], file: PayloadFile? = nil) {
    self.bytes = bytes
    if !descriptors.isEmpty || file != nil { rest = Rest(descriptors, file) }
  }

  package var descriptors: [Descriptor] { rest?.descriptors ?? [] }
  /// What follows the bytes, where it is too much to be copied from hand to hand.
  package var file: PayloadFile? { rest?.file }
  /// It is bytes and nothing else.
  var isPlain: Bool { rest == nil }

  /// The size of the whole message.
  package var byteCount: Int { bytes.count + (file?.byteCount ?? 0) }

  // SAFETY: what is passed is valid for the call.
  /// Calls `body` with the whole message.
  package func withContent<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard let file else { return try bytes.withUnsafeBytes(body) }
    guard file.isSealed, bytes.isEmpty else {
      // SAFETY: an array that outlives the call.
      return try (bytes + file.bytes(from: 0)).withUnsafeBytes(body)
    }
    let mapping: SharedMapping
    do {
      mapping = try SharedMapping(reading: file.file, byteCount: file.byteCount)
    } catch {
      throw MultiprocessingError(.outOfMemory, doing: "a message of \(byteCount) bytes could not be read", error)
    }
    // SAFETY: the mapping is as long as the file was when it was sealed, and outlives the call.
    return try withExtendedLifetime(mapping) {
      try body(UnsafeRawBufferPointer(start: mapping.address, count: file.byteCount))
    }
  }

  /// Calls `body` with a reader of the message.
  ///
  /// - Throws: `outOfMemory`; what `body` throws.
  func read<Result>(
    _ format: TransferFormat, _ body: (inout TransferReader) throws -> Result
  ) throws -> Result {
    if format == .sameBuild, let file, !file.isSealed {
      return try bytes.withUnsafeBytes {
        // SAFETY: the array outlives the call, and the reader ends with it.
        var reader = TransferReader($0, descriptors, format, file)
        return try body(&reader)
      }
    }
    return try withContent {
      // SAFETY: the content is valid for the call, and the reader ends with it.
      var reader = TransferReader($0, descriptors, format)
      return try body(&reader)
    }
  }
}
