internal import MultiprocessingSystem

/// A number that arrays of RFC 8746 can hold.
protocol TypedArrayElement: DirectScalar, BitwiseCopyable {
  /// The tag of an array of such numbers, little-endian; nil for bytes, which are a plain byte string.
  static var typedArrayTag: UInt64? { get }
}

extension TypedArrayElement where Self: FixedWidthInteger {
  /// RFC 8746, section 2.1: the tags of integers count up with the length of an element, in four groups.
  static var typedArrayTag: UInt64? {
    switch (isSigned, bitWidth) {
    case (false, 8): nil
    case (true, 8): 72
    default: (isSigned ? 76 : 68) + UInt64(bitWidth.trailingZeroBitCount - 3)
    }
  }
}

extension Int: TypedArrayElement {}
extension Int8: TypedArrayElement {}
extension Int16: TypedArrayElement {}
extension Int32: TypedArrayElement {}
extension Int64: TypedArrayElement {}
extension UInt: TypedArrayElement {}
extension UInt8: TypedArrayElement {}
extension UInt16: TypedArrayElement {}
extension UInt32: TypedArrayElement {}
extension UInt64: TypedArrayElement {}

extension Float: TypedArrayElement {
  static var typedArrayTag: UInt64? { 85 }
}

extension Double: TypedArrayElement {
  static var typedArrayTag: UInt64? { 86 }
}

// SAFETY: Sendable, as it stores nothing.
/// An array of numbers as one copy of its memory: every machine that Swift supports here is little-endian.
final class TypedArrayForm<Element: TypedArrayElement>: DirectForm, @unchecked Sendable {
  override func write(_ value: UnsafeRawPointer, to output: EncodingOutput) {
    // SAFETY: registered for the array's type, so the memory holds one.
    let array = value.assumingMemoryBound(to: [Element].self).pointee
    if let tag = Element.typedArrayTag { output.writeHead(CBORMajor.tag, tag) }
    // SAFETY: the array's own storage, copied inside the call.
    array.withUnsafeBytes { output.write(byteString: $0) }
  }

  // SAFETY: the caller allocated the memory for one array, the type that this form is registered for.
  override func read(
    at offset: Int, from input: DecodingInput, to memory: UnsafeMutableRawPointer
  ) throws(CBORFault) -> Bool {
    let item = try input.item(at: offset)
    guard item.major == CBORMajor.bytes, !item.isIndefinite, item.tag == Element.typedArrayTag else { return false }
    let content = try input.content(of: item)
    let size = MemoryLayout<Element>.size
    guard content.count % size == 0 else {
      throw .corrupted("a typed array of \(content.count) bytes, no multiple of its element's size")
    }
    let array = [Element](unsafeUninitializedCapacity: content.count / size) { buffer, count in
      // SAFETY: the capacity was computed from the content's size, and the elements accept any bit pattern.
      FreshMemory.populate(UnsafeMutableRawBufferPointer(buffer))
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: content)
      count = content.count / size
    }
    // SAFETY: registered for the array's type, so the memory is for one.
    memory.initializeMemory(as: [Element].self, to: array)
    input.note(offset, endsAt: item.next + content.count)
    return true
  }
}
