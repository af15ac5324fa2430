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
      if let file, let array = try readInPlace(type, file.file, at: file.offset) { return array }
      if format == .sameBuild, try !CopiedValue.isCoded(bytes, at: &position) {
        return try CopiedValue.read(type, from: bytes, at: &position)
      }
      return try decoder.decode(type, from: bytes, at: &position, descriptors: descriptors)
    } catch {
      throw MultiprocessingError(notTransferable: type, "decoded", error)
    }
  }

  /// Reads an array whose elements are in the file. Nil for anything else, which is then in the bytes.
  private mutating func readInPlace<T>(_ type: T.Type, _ file: PayloadFile, at offset: Int) throws -> T? {
    if position < bytes.count {
      guard let array = try CopiedValue.read(type, from: bytes, at: position, elementsIn: file, at: offset) else {
        return nil
      }
      (position, self.file) = (bytes.count, (file, offset + array.byteCount))
      return array.value
    }
    if CopiedArray.type(type) != nil, file.byteCount - offset > CopiedValue.arrayHeadCount {
      let head = try file.bytes(from: offset, count: CopiedValue.arrayHeadCount)
      let start = offset + head.count
      // SAFETY: read inside the call only.
      let array = try head.withUnsafeBytes {
        try CopiedValue.read(type, from: $0, at: 0, elementsIn: file, at: start)
      }
      if let array {
        self.file = (file, start + array.byteCount)
        return array.value
      }
    }
    try goOn(file, at: offset)
    return nil
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
  mutating func finish(_ type: Any.Type) throws {
    var left = bytes.count - position
    if let file { left += file.file.byteCount - file.offset }
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
