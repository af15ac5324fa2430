// SAFETY: values are made of bytes only where their type is trivially copyable, and only in processes of one build
// (`Queue.init(from:)`); lengths are compared with the type's first. Pointers do not leave the calls that give them.

/// How elements of a type lie in a queue: as their bytes where that is all they are, else encoded.
struct ElementForm<Element: Codable & Sendable>: Sendable {
  private enum Kind: Sendable {
    case trivial
    /// An array of trivially copyable elements.
    case array(any CopyableArray.Type)
    case coded
  }

  /// What comes out of a queue under its latch, where no code of the user's may run.
  enum Taken: Sendable {
    case element(Element)
    case bytes([UInt8])
    case damaged
  }

  private let kind: Kind

  init() {
    if RuntimeLayout.isTriviallyCopyable(Element.self) {
      kind = .trivial
    } else if let type = CopiedArray.type(Element.self) {
      kind = .array(type)
    } else {
      kind = .coded
    }
  }

  /// Bytes of each element, where all are alike.
  var size: Int? { if case .trivial = kind { MemoryLayout<Element>.size } else { nil } }

  /// Runs `body` with the bytes of an element.
  ///
  /// - Throws: `notTransferable` where it cannot be encoded, or holds a handle; what `body` throws.
  @inline(__always)
  func withBytes<R>(of element: Element, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    if case .trivial = kind {
      return try withUnsafePointer(to: element) {
        try body(UnsafeRawBufferPointer(start: $0, count: MemoryLayout<Element>.size))
      }
    }
    return try withMadeBytes(of: element, body)
  }

  private func withMadeBytes<R>(of element: Element, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    if case .array(let type) = kind { return try Self.withBytes(of: element, as: type, body) }
    return try encoded(element).withUnsafeBytes(body)
  }

  // A cast would say the same and cost a fifth of a microsecond.
  private static func withBytes<List: CopyableArray, R>(
    of element: Element, as type: List.Type, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    // SAFETY: `List` is `Element`, found by a cast of the type.
    try unsafeBitCast(element, to: List.self).withElementBytes(body)
  }

  private static func array<List: CopyableArray>(_ type: List.Type, of bytes: UnsafeRawBufferPointer) -> Element {
    // SAFETY: as above.
    unsafeBitCast(type.copied(from: bytes), to: Element.self)
  }

  private func encoded(_ element: Element) throws -> [UInt8] {
    let payload = try TransferCoder<Element>().encode(element, .sameBuild)
    if payload.descriptors.isEmpty { return payload.bytes }
    throw MultiprocessingError(
      .notTransferable,
      """
      \(Element.self) holds a handle (queue, lock, shared memory, connection ...), which cannot lie in a queue: give it to \
      the process as an argument or a task's input, or send it through a Connection
      """)
  }

  /// Takes an element's bytes out of the queue's memory. Runs no code of the user's.
  func take(_ bytes: UnsafeRawBufferPointer) -> Taken {
    switch kind {
    case .trivial where bytes.count == MemoryLayout<Element>.size: .element(bytes.loadUnaligned(as: Element.self))
    case .array(let type) where bytes.count % type.trivialStride == 0: .element(Self.array(type, of: bytes))
    case .coded: .bytes([UInt8](bytes))
    default: .damaged
    }
  }

  /// The element, decoded where it must be.
  @inline(__always)
  func finish(_ taken: Taken) throws -> Element {
    switch taken {
    case .damaged: throw Self.damaged
    case .element(let element): element
    case .bytes(let bytes): try bytes.withUnsafeBytes { try TransferCoder<Element>().decode($0, .sameBuild) }
    }
  }

  static var damaged: MultiprocessingError {
    MultiprocessingError(.notTransferable, "\(Element.self) cannot be decoded: the item in the queue is damaged")
  }
}
