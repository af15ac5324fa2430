internal import MultiprocessingSystem

/// Writes the values of one message behind each other, with one context for their descriptors.
struct TransferWriter {
  private(set) var bytes: [UInt8]
  private let format: TransferFormat
  /// The message's context, once a value has asked for it.
  private var context: TransferContext?
  private let spills: Bool
  private var file: PayloadFileWriter?

  /// - Parameter spills: large arrays of trivially copyable elements are written to a file, copied once.
  init(_ format: TransferFormat, into bytes: [UInt8] = [], spills: Bool = false) {
    self.format = format
    self.bytes = bytes
    self.spills = spills && format == .sameBuild
  }

  /// The message.
  ///
  /// - Throws: `outOfMemory`, only for one that has spilled.
  func payload() throws -> TransferPayload {
    guard var file else { return TransferPayload(bytes: bytes, descriptors: context?.descriptors ?? []) }
    do {
      // SAFETY: read inside the call only.
      try bytes.withUnsafeBytes { try file.write($0) }
      return TransferPayload(descriptors: context?.descriptors ?? [], file: try file.finish())
    } catch {
      throw Self.spillFailure(error)
    }
  }

  /// Writes a large array to the file, behind what was written before; false for any other value.
  private mutating func spill<T>(_ value: T) throws -> Bool {
    do {
      var (start, file) = (bytes, file)
      let isSpilled = try CopiedValue.withElements(of: value, atLeast: PayloadFileWriter.limit) { count, elements in
        CopiedValue.append(arrayOf: count, to: &start)
        var writer = try file ?? PayloadFileWriter()
        // SAFETY: read inside the call only.
        try start.withUnsafeBytes { try writer.write($0) }
        try writer.write(elements)
        file = writer
        return true
      }
      if isSpilled != true { return false }
      (bytes, self.file) = ([], file)
      return true
    } catch {
      throw Self.spillFailure(error)
    }
  }

  private static func spillFailure(_ error: any Error) -> MultiprocessingError {
    MultiprocessingError(.outOfMemory, doing: "a large message could not be written", error)
  }

  mutating func write<T: Encodable>(_ value: T) throws {
    if spills, try spill(value) { return }
    if format == .sameBuild, CopiedValue.write(value, to: &bytes) { return }
    try EncodingMemory.with { memory in
      try memory.encode(value, format, &context)
      // SAFETY: copied inside the call.
      bytes.append(contentsOf: memory.output.content)
    }
  }
}

extension EncodingMemory {
  /// Writes a value of a message that cannot be copied as bytes, after its form where both ends run the same build.
  @inline(__always)
  func encode<T: Encodable>(_ value: T, _ format: TransferFormat, _ context: inout TransferContext?) throws {
    begin(format, context)
    if format == .sameBuild { output.append(CopiedValue.Form.cbor.rawValue) }
    do {
      try encode(value)
    } catch {
      throw MultiprocessingError(notTransferable: T.self, "encoded", error)
    }
    if let made = output.state.pointee.context { context = made }
  }

  private func begin(_ format: TransferFormat, _ context: TransferContext?) {
    let state = output.state
    state.pointee.isMessage = true
    state.pointee.format = format
    state.pointee.copiesTrivialArrays = format == .sameBuild
    state.pointee.context = context
  }
}
