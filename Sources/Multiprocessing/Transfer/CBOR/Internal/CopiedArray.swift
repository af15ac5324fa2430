internal import MultiprocessingSystem

// SAFETY: raw bytes stand for elements only where `trivialStride` is above 0, which `CopiedArray.type` checks before an
// array is used as a `CopyableArray`. Pointers into the array or the message are used inside the call that gave them.

/// Arrays of trivially copyable elements as one copy of their memory, between processes of one build.
///
/// The item is the private tag `CBORTag.copiedArray` on `[stride, byte string]`. Enums with raw values are left out:
/// reading them as their raw values is a common way to accept unknown cases.
enum CopiedArray {
  static let mismatch = CBORFault.mismatch(
    found: "an array copied as bytes between processes of one build, which must be decoded as the type it had")

  /// Writes a value that is an array of trivially copyable elements; false if it is none.
  static func write<T>(_ value: T, to output: EncodingOutput) -> Bool {
    guard let type = type(T.self), !type.hasRawValues, let array = value as? any CopyableArray else { return false }
    output.writeHead(CBORMajor.tag, CBORTag.copiedArray)
    output.writeHead(CBORMajor.array, 2)
    output.writeHead(CBORMajor.unsigned, UInt64(type.trivialStride))
    array.withElementBytes { output.write(byteString: $0) }
    return true
  }

  static func read<T>(_ type: T.Type, from slot: DecodingSlot) throws -> T? {
    guard let array = Self.type(type), !array.hasRawValues else { return nil }
    return try slot.reading(type) { () throws(CBORFault) in
      guard let bytes = try slot.input.copiedArray(at: slot.offset, stride: array.trivialStride) else { return nil }
      return array.copied(from: bytes) as? T
    }
  }

  /// The type as an array type whose elements are trivially copyable, if it is one.
  @inline(__always)
  static func type<T>(_ type: T.Type) -> (any CopyableArray.Type)? {
    guard mayBeArray(type), let array = type as? any CopyableArray.Type, array.trivialStride > 0 else { return nil }
    return array
  }

  /// Rules out most types without a cast: an array is one reference.
  @inline(__always)
  private static func mayBeArray<T>(_ type: T.Type) -> Bool {
    MemoryLayout<T>.size == MemoryLayout<UnsafeRawPointer>.size && !RuntimeLayout.isTriviallyCopyable(type)
  }
}

/// An array of any element.
protocol CopyableArray: SendableMetatype {
  /// The stride, or 0 where elements cannot be copied.
  static var trivialStride: Int { get }
  static var hasRawValues: Bool { get }
  // SAFETY: `fill` writes all the bytes that it is given.
  /// An array of whole elements that `fill` writes.
  static func made(_ byteCount: Int, by fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows -> Self
  func withElementBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension Array: CopyableArray {
  static var trivialStride: Int {
    guard RuntimeLayout.isTriviallyCopyable(Element.self), MemoryLayout<Element>.size > 0 else { return 0 }
    return MemoryLayout<Element>.stride
  }

  static var hasRawValues: Bool { Element.self is any RawRepresentable.Type }

  // SAFETY: called for trivially copyable elements, which are their bytes; valid inside the call.
  func withElementBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withUnsafeBytes { try body($0) }
  }

  static func made(_ byteCount: Int, by fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows -> [Element] {
    let total = byteCount / MemoryLayout<Element>.stride
    return try [Element](unsafeUninitializedCapacity: total) { buffer, count in
      // SAFETY: the caller has checked stride and length; the elements are trivially copyable, and the same build wrote
      // them. Bytes forged by another writer could make an invalid Bool or enum: only equal builds on private sockets
      // are read like this.
      FreshMemory.populate(UnsafeMutableRawBufferPointer(buffer))
      try fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<byteCount]))
      count = total
    }
  }
}

extension CopyableArray {
  /// The array whose elements these are; their number must be whole.
  static func copied(from bytes: UnsafeRawBufferPointer) -> Self { made(bytes.count) { $0.copyMemory(from: bytes) } }
}

extension DecodingInput {
  /// The bytes of a copied array, if there is one at the offset.
  fileprivate func copiedArray(at offset: Int, stride: Int) throws(CBORFault) -> UnsafeRawBufferPointer? {
    let array = try item(at: offset)
    guard array.tag == CBORTag.copiedArray, stride > 0 else { return nil }
    guard array.major == CBORMajor.array, array.argument == 2 else { throw CopiedArray.mismatch }
    let written = try item(at: array.next)
    let content = try item(at: written.next)
    guard written.major == CBORMajor.unsigned, written.argument == UInt64(stride), content.major == CBORMajor.bytes
    else { throw CopiedArray.mismatch }
    let bytes = try self.content(of: content)
    guard bytes.count % stride == 0 else { throw .corrupted("a copied array with a torn element") }
    return bytes
  }
}
