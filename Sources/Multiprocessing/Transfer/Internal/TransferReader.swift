internal import MultiprocessingSystem

/// Reads the values of one message, in the order in which they were written.
struct TransferReader {
  // SAFETY: borrowed, or the memory of `rest`; a reader does not outlive the call that made it.
  private var bytes: UnsafeRawBufferPointer
  private let format: TransferFormat
  private let descriptors: [Descriptor]
  private let decoder: CBORDecoder
  private var position = 0
  /// What follows the bytes and is not read yet.
  private var file: (file: PayloadFile, offset: Int)?
  /// What was read of it.
  private var rest: FileRest?

  // SAFETY: the caller, `TransferCoder.decode`, keeps the bytes valid until it is done with the reader.
  init(
    _ bytes: UnsafeRawBufferPointer, _ descriptors: [Descriptor], _ format: TransferFormat, _ file: PayloadFile? = nil
  ) {
    self.bytes = bytes
    self.file = file.map { ($0, 0) }
    self.format = format
    self.descriptors = descriptors
    decoder = CBORDecoder(copiesTrivialArrays: format == .sameBuild)
  }

  mutating func read<T: Decodable>(_ type: T.Type) throws -> T {
    do {
      if let file {
        if let array = try CopiedValue.read(type, from: bytes, at: position, elementsIn: file.file, at: file.offset) {
          (position, self.file) = (bytes.count, (file.file, file.offset + array.byteCount))
          return array.value
        }
        if position == bytes.count { try goOn(file.file, at: file.offset) }
      }
      if format == .sameBuild, try !CopiedValue.isCoded(bytes, at: &position) {
        return try CopiedValue.read(type, from: bytes, at: &position)
      }
      return try decoder.decode(type, from: bytes, at: &position, descriptors: descriptors)
    } catch {
      throw MultiprocessingError(notTransferable: type, "decoded", error)
    }
  }

  /// Goes on in the file, without further arrays that are read into their place.
  private mutating func goOn(_ file: PayloadFile, at offset: Int) throws {
    let rest = FileRest(file.byteCount - offset)
    try file.read(at: offset, into: rest.memory)
    // SAFETY: `rest` has the memory and is kept.
    (bytes, position) = (UnsafeRawBufferPointer(rest.memory), 0)
    (self.rest, self.file) = (rest, nil)
  }

  /// Checks that nothing is left behind the last value.
  func finish(_ type: Any.Type) throws {
    let left = bytes.count - position + (file.map { $0.file.byteCount - $0.offset } ?? 0)
    guard left != 0 else { return }
    throw MultiprocessingError(
      .notTransferable, "\(type) cannot be decoded: \(left) bytes are left behind it")
  }
}

/// Memory for a copy of a file's end.
private final class FileRest {
  // SAFETY: allocated here and freed at this object's end; the reader that looks into it keeps the object.
  let memory: UnsafeMutableRawBufferPointer

  init(_ byteCount: Int) {
    memory = .allocate(byteCount: byteCount, alignment: 16)
    FreshMemory.populate(memory)
  }

  deinit { memory.deallocate() }
}
