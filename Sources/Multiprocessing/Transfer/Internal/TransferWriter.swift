internal import MultiprocessingSystem

/// Writes the values of one message behind each other, with one context for their descriptors.
struct TransferWriter {
  private(set) var bytes: [UInt8]
  private let format: TransferFormat
  private let context: LazyContext
  private let encoder: CBOREncoder
  private let spills: Bool
  private var file: PayloadFileWriter?

  /// - Parameter spills: large arrays of trivially copyable elements are written to a file, copied once.
  init(_ format: TransferFormat, into bytes: [UInt8] = [], spills: Bool = false) {
    self.format = format
    self.bytes = bytes
    self.spills = spills && format == .sameBuild
    context = LazyContext(format)
    encoder = CBOREncoder(copiesTrivialArrays: format == .sameBuild)
  }

  /// The message.
  ///
  /// - Throws: `outOfMemory`, only for one that has spilled.
  func payload() throws -> TransferPayload {
    guard var file else { return TransferPayload(bytes: bytes, descriptors: context.descriptors) }
    do {
      // SAFETY: read inside the call only.
      try bytes.withUnsafeBytes { try file.write($0) }
      return TransferPayload(descriptors: context.descriptors, file: try file.finish())
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
    if format == .sameBuild {
      if CopiedValue.write(value, to: &bytes) { return }
      bytes.append(CopiedValue.Form.cbor.rawValue)
    }
    do {
      try encoder.encode(value, into: &bytes, context: context)
    } catch {
      if format == .sameBuild { bytes.removeLast() }
      throw MultiprocessingError(notTransferable: T.self, "encoded", error)
    }
  }
}
