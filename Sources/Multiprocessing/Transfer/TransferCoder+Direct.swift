package import MultiprocessingSystem

// The built-in coder without an instance: for values that cross one at a time.
extension TransferCoder where Value: Codable {
  /// Encodes a value.
  ///
  /// - Throws: `notTransferable`, with the type, the place in it and the reason; `outOfMemory`.
  package static func encode(
    _ value: Value, _ format: TransferFormat, spills: Bool = false
  ) throws -> TransferPayload {
    var writer = TransferWriter(format, spills: spills)
    try writer.write(value)
    return try writer.payload()
  }

  /// Encodes a value and runs `body` with the bytes where they were written, and with its descriptors.
  ///
  /// - Throws: `notTransferable`, with the type, the place in it and the reason; what `body` throws.
  // SAFETY: the bytes are valid inside `body` only.
  package static func withEncoded<Result>(
    _ value: Value, _ format: TransferFormat, _ body: (UnsafeRawBufferPointer, [Descriptor]) throws -> Result
  ) throws -> Result {
    var copied: [UInt8] = []
    // SAFETY: read inside the call only.
    if format == .sameBuild, CopiedValue.write(value, to: &copied) {
      return try copied.withUnsafeBytes { try body($0, []) }
    }
    return try EncodingMemory.with { memory in
      var context: TransferContext?
      try memory.encode(value, format, &context)
      return try body(memory.output.content, context?.descriptors ?? [])
    }
  }

  /// Decodes the one value of a message.
  ///
  /// - Throws: `notTransferable`, with the type, the place in it and the reason.
  package static func decode(_ payload: TransferPayload, _ format: TransferFormat) throws -> Value {
    try payload.read(format) { try decode(&$0) }
  }

  // SAFETY: the caller keeps the bytes valid for the call; the reader that borrows them ends with it.
  /// Decodes the one value of a message that lies in memory of the caller's, without copying it first.
  package static func decode(
    _ bytes: UnsafeRawBufferPointer, descriptors: [Descriptor] = [], _ format: TransferFormat
  ) throws -> Value {
    var reader = TransferReader(bytes, descriptors, format)
    return try decode(&reader)
  }

  private static func decode(_ reader: inout TransferReader) throws -> Value {
    let value = try reader.read(Value.self)
    try reader.finish(Value.self)
    return value
  }
}
