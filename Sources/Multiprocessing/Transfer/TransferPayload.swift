package import MultiprocessingSystem

/// An encoded message: its bytes, and the descriptors that handles in it have attached.
package struct TransferPayload: Sendable {
  /// What few messages have, by itself: a message goes through many hands, and each takes hold of every part of it.
  private final class Rest: Sendable {
    let descriptors: [Descriptor]
    let file: PayloadFile?
    let held: HeldFile?

    init(_ descriptors: [Descriptor], _ file: PayloadFile?, _ held: HeldFile?) {
      (self.descriptors, self.file, self.held) = (descriptors, file, held)
    }
  }

  package var bytes: [UInt8]
  private var rest: Rest?

  package init(bytes: [UInt8] = [], descriptors: [Descriptor] = [], file: PayloadFile? = nil) {
    self.init(bytes: bytes, descriptors: descriptors, file: file, held: nil)
  }

  /// - Parameter held: the file's place among those that wait.
  init(bytes: [UInt8], descriptors: [Descriptor], file: PayloadFile?, held: HeldFile?) {
    self.bytes = bytes
    if !descriptors.isEmpty || file != nil { rest = Rest(descriptors, file, held) }
  }

  /// The same for a message that may wait for long until it is read: without a file where that is small, or too many wait.
  func settled() -> TransferPayload {
    guard let file, rest?.held == nil else { return self }
    let held = file.byteCount >= PayloadFileWriter.limit ? HeldFile.take() : nil
    if let held { return TransferPayload(bytes: bytes, descriptors: descriptors, file: file, held: held) }
    // Without memory for it, or cut short: whoever reads it is told.
    guard let content = try? bytes + file.bytes(from: 0) else { return self }
    return TransferPayload(bytes: content, descriptors: descriptors)
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
