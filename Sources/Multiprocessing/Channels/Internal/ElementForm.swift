// SAFETY: values are made of bytes only where their type is trivially copyable, and only in processes of one build
// (`Queue.init(from:)`); lengths are compared with the type's first. Types are bit-cast to themselves only. Pointers do
// not leave the calls that give them.

/// What the type of a queue's elements allows. Not inside of the generic type below: every use would ask for its metadata.
private enum ElementKind: Sendable {
  /// Its bytes are all there is to it.
  case trivial
  case bytes
  /// An array of other trivially copyable elements.
  case array(any CopyableArray.Type)
  case coded
}

/// How elements of a type lie in a queue: *direct*, as their bytes or those of an array, else encoded.
struct ElementForm<Element: Codable & Sendable>: Sendable {
  private let kind: ElementKind

  init() {
    if RuntimeLayout.isTriviallyCopyable(Element.self) {
      kind = .trivial
    } else if Element.self == [UInt8].self {
      kind = .bytes
    } else if let type = CopiedArray.type(Element.self) {
      kind = .array(type)
    } else {
      kind = .coded
    }
  }

  /// Bytes of each element, where all are alike.
  var size: Int? { if case .trivial = kind { MemoryLayout<Element>.size } else { nil } }

  /// Copied without calling code of the user's, so under a latch as well.
  var isDirect: Bool { if case .coded = kind { false } else { true } }

  /// Runs `body` with the bytes of an element.
  ///
  /// - Throws: `notTransferable` where it cannot be encoded, or holds a handle; what `body` throws.
  @inline(__always)
  func withBytes(of element: Element, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try withUnsafePointer(to: element) { try withBytes(at: $0, body) }
  }

  /// The same for an element where it lies: of a row of them none is copied, which would count references.
  @inline(__always)
  func withBytes(at element: UnsafePointer<Element>, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch kind {
    case .trivial: try body(UnsafeRawBufferPointer(start: element, count: MemoryLayout<Element>.size))
    case .bytes:
      try UnsafeRawPointer(element).assumingMemoryBound(to: [UInt8].self).pointee.withUnsafeBytes(body)
    case .array(let type): try Self.withBytes(of: element.pointee, as: type, body)
    case .coded: try withEncoded(element.pointee, body)
    }
  }

  // A cast would say the same and cost a fifth of a microsecond.
  private static func withBytes<List: CopyableArray>(
    of element: Element, as type: List.Type, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try unsafeBitCast(element, to: List.self).withElementBytes(body)
  }

  // SAFETY: the bytes are valid inside `body` only.
  private func withEncoded(_ element: Element, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try TransferCoder<Element>.withEncoded(element, .sameBuild) { bytes, descriptors in
      if descriptors.isEmpty { return try body(bytes) }
      throw MultiprocessingError(
        .notTransferable,
        """
        \(Element.self) holds a handle (queue, lock, shared memory, connection ...), which cannot lie in a queue: give \
        it to the process as an argument or a task's input, or send it through a Connection
        """)
    }
  }

  /// Decodes an element of a coded kind.
  func decode(_ bytes: [UInt8]) throws -> Element {
    try bytes.withUnsafeBytes { try TransferCoder<Element>.decode($0, .sameBuild) }
  }
}

/// Direct kinds.
extension ElementForm {
  /// Makes an element of its bytes in memory that has room for it; false where the bytes are damaged. There is an element
  /// in any case, though one that must not be used.
  @inline(__always)
  func make(_ bytes: UnsafeRawBufferPointer, at memory: UnsafeMutableRawPointer) -> Bool {
    switch kind {
    case .trivial: return copy(bytes, to: memory)
    case .bytes:
      memory.initializeMemory(as: [UInt8].self, to: [UInt8](bytes))
      return true
    case .array(let type): return Self.make(type, bytes, at: memory)
    case .coded: return false
    }
  }

  @inline(__always)
  private func copy(_ bytes: UnsafeRawBufferPointer, to memory: UnsafeMutableRawPointer) -> Bool {
    let size = MemoryLayout<Element>.size
    if size == 8, bytes.count == 8 {
      memory.storeBytes(of: bytes.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else if let source = bytes.baseAddress {
      memory.copyMemory(from: source, byteCount: min(size, bytes.count))
    }
    return bytes.count == size
  }

  private static func make<List: CopyableArray>(
    _ type: List.Type, _ bytes: UnsafeRawBufferPointer, at memory: UnsafeMutableRawPointer
  ) -> Bool {
    let count = bytes.count / type.trivialStride * type.trivialStride
    memory.initializeMemory(as: List.self, to: type.copied(from: UnsafeRawBufferPointer(rebasing: bytes[..<count])))
    return count == bytes.count
  }

  static var damaged: MultiprocessingError {
    MultiprocessingError(.notTransferable, "\(Element.self) cannot be decoded: the item in the queue is damaged")
  }
}
