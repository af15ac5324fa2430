internal import MultiprocessingSystem

/// Reads the values of one message, in the order in which they were written.
struct TransferReader {
  // SAFETY: borrowed; a reader does not outlive the call that made it.
  private let bytes: UnsafeRawBufferPointer
  private let format: TransferFormat
  private let descriptors: [Descriptor]
  private let decoder: CBORDecoder
  private var position = 0

  // SAFETY: the caller, `TransferCoder.decode`, keeps the bytes valid until it is done with the reader.
  init(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Descriptor], _ format: TransferFormat) {
    self.bytes = bytes
    self.format = format
    self.descriptors = descriptors
    decoder = CBORDecoder(copiesTrivialArrays: format == .sameBuild)
  }

  mutating func read<T: Decodable>(_ type: T.Type) throws -> T {
    do {
      if format == .sameBuild, try !CopiedValue.isCoded(bytes, at: &position) {
        return try CopiedValue.read(type, from: bytes, at: &position)
      }
      return try decoder.decode(type, from: bytes, at: &position, descriptors: descriptors)
    } catch {
      throw MultiprocessingError(notTransferable: type, "decoded", error)
    }
  }

  /// Checks that nothing is left behind the last value.
  func finish(_ type: Any.Type) throws {
    guard position != bytes.count else { return }
    throw MultiprocessingError(
      .notTransferable, "\(type) cannot be decoded: \(bytes.count - position) bytes are left behind it")
  }
}
