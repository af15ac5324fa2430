internal import MultiprocessingSystem

/// Writes the values of one message behind each other, with one context for their descriptors.
struct TransferWriter {
  private(set) var bytes: [UInt8]
  private let format: TransferFormat
  private let context: LazyContext
  private let encoder: CBOREncoder

  init(_ format: TransferFormat, into bytes: [UInt8] = []) {
    self.format = format
    self.bytes = bytes
    context = LazyContext(format)
    encoder = CBOREncoder(copiesTrivialArrays: format == .sameBuild)
  }

  var payload: TransferPayload { TransferPayload(bytes: bytes, descriptors: context.descriptors) }

  mutating func write<T: Encodable>(_ value: T) throws {
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
