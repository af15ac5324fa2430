// SAFETY: `bytes` is the message, which the caller keeps valid for the call; every length is checked before bytes are
// read or sliced, as release builds do not. Values are made of bytes only where `RuntimeLayout` says that their type is
// trivially copyable, and what they hold is believed only from processes of the same build.

/// Values between equal builds: a form byte, then the value in that form.
enum CopiedValue {
  enum Form: UInt8 {
    /// One CBOR item.
    case cbor = 1
    /// The bytes of a trivially copyable value.
    case value = 2
    /// The number of elements in eight bytes, little-endian, then the bytes of trivially copyable elements.
    case array = 3
  }

  /// Writes a value that can be copied as bytes; false if it cannot.
  @inline(__always)
  static func write<T>(_ value: T, to bytes: inout [UInt8]) -> Bool {
    if RuntimeLayout.isTriviallyCopyable(T.self) {
      bytes.append(Form.value.rawValue)
      // SAFETY: a trivially copyable value is its bytes; read inside the call.
      withUnsafePointer(to: value) {
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: $0, count: MemoryLayout<T>.size))
      }
      return true
    }
    return withElements(of: value) { count, elements in
      append(arrayOf: count, to: &bytes)
      bytes.append(contentsOf: elements)
      return true
    } ?? false
  }

  /// Runs `body` with the number of elements and the elements, where they lie, of an array that can be copied as bytes.
  /// Nil when the value is none, or when its elements take fewer bytes than `least`.
  // SAFETY: `body` uses the elements inside the call only.
  @inline(__always)
  static func withElements<T, Result>(
    of value: T, atLeast least: Int = 0, _ body: (Int, UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result? {
    guard CopiedArray.type(T.self) != nil, let array = value as? any CopyableArray else { return nil }
    return try array.withElementBytes { elements in
      guard elements.count >= least else { return nil }
      return try body(elements.count / type(of: array).trivialStride, elements)
    }
  }

  /// How many bytes stand before the elements of an array.
  static let arrayHeadCount = 9

  /// What stands before the elements of an array.
  static func append(arrayOf count: Int, to bytes: inout [UInt8]) {
    bytes.append(Form.array.rawValue)
    // SAFETY: the bytes of a local integer, read inside the call.
    withUnsafeBytes(of: UInt64(count).littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Whether a CBOR item follows, to whose start the position is moved.
  @inline(__always)
  static func isCoded(_ bytes: UnsafeRawBufferPointer, at position: inout Int) throws -> Bool {
    guard position < bytes.count else { throw damaged("it has no form byte") }
    guard bytes[position] == Form.cbor.rawValue else { return false }
    position += 1
    return true
  }

  /// Reads a copied value, from its form byte on, and moves the position behind it.
  @inline(__always)
  static func read<T>(_ type: T.Type, from bytes: UnsafeRawBufferPointer, at position: inout Int) throws -> T {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[(position + 1)...])
    switch Form(rawValue: bytes[position]) {
    case .value:
      guard RuntimeLayout.isTriviallyCopyable(type) else { throw damaged("it holds a value copied as bytes") }
      guard rest.count >= MemoryLayout<T>.size else { throw damaged("it ends early") }
      position += 1 + MemoryLayout<T>.size
      return load(type, from: rest)
    case .array:
      let (array, length) = try loadArray(type, from: rest)
      position += 1 + length
      return array
    default: throw damaged("it has no form byte")
    }
  }

  /// Reads an array whose elements lie in a file: from its form byte on, when nothing but the number of elements follows.
  /// Nil for anything else.
  static func read<T>(
    _ type: T.Type, from bytes: UnsafeRawBufferPointer, at position: Int, elementsIn file: PayloadFile, at offset: Int
  ) throws -> (value: T, byteCount: Int)? {
    guard bytes.count - position == arrayHeadCount, bytes[position] == Form.array.rawValue else { return nil }
    guard let array = CopiedArray.type(type) else { throw damaged("it holds an array copied as bytes") }
    // SAFETY: eight bytes are there, as just checked; any alignment will do.
    let count = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position + 1, as: UInt64.self))
    guard count <= UInt64((file.byteCount - offset) / array.trivialStride) else { throw damaged("it ends early") }
    let byteCount = Int(count) * array.trivialStride
    let value = try array.made(byteCount) { try file.read(at: offset, into: $0) }
    guard let value = value as? T else { throw damaged("its array has another type") }
    return (value, byteCount)
  }

  private static func load<T>(_ type: T.Type, from bytes: UnsafeRawBufferPointer) -> T {
    withUnsafeTemporaryAllocation(of: type, capacity: 1) { memory in
      // SAFETY: the caller has checked type and length; any alignment will do for a copy of bytes. Forged bytes could
      // make an invalid Bool or enum, so only processes of one build on private sockets are read like this.
      UnsafeMutableRawBufferPointer(memory).copyMemory(from: .init(rebasing: bytes[..<MemoryLayout<T>.size]))
      return memory[0]
    }
  }

  private static func loadArray<T>(_ type: T.Type, from bytes: UnsafeRawBufferPointer) throws -> (T, Int) {
    guard let array = CopiedArray.type(type) else { throw damaged("it holds an array copied as bytes") }
    guard bytes.count >= 8 else { throw damaged("it ends early") }
    // SAFETY: eight bytes are there, as just checked; any alignment will do.
    let count = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard count <= UInt64((bytes.count - 8) / array.trivialStride) else { throw damaged("it ends early") }
    let length = Int(count) * array.trivialStride
    let value = array.copied(from: .init(rebasing: bytes[8..<8 + length]))
    guard let value = value as? T else { throw damaged("its array has another type") }
    return (value, 8 + length)
  }

  private static func damaged(_ text: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: [], debugDescription: "the message is damaged: \(text)"))
  }
}
