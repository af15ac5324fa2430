internal import Synchronization

/// Foundation's `Data`, read in one piece: its own `init(from:)` asks for one byte at a time, 2,000 times slower.
///
/// The type is known by its name, because this library does not import Foundation. Its `init(from:)` would make the
/// same value from the same byte string; other collections of bytes keep their own decoding.
enum FoundationData {
  /// Shorter ones are read faster than the type's name.
  private static let minimumLength = 32
  /// The metadata of `Data`, once met.
  private static let known = Atomic<UInt>(0)

  static func read<T>(_ type: T.Type, from slot: DecodingSlot) throws -> T? {
    let content = try slot.reading(type) { () throws(CBORFault) in try slot.input.byteString(at: slot.offset) }
    guard let content, content.count >= minimumLength, isData(type),
      let collection = type as? any RangeReplaceableCollection<UInt8>.Type
    else { return nil }
    return collection.init(copying: content) as? T
  }

  private static func isData<T>(_ type: T.Type) -> Bool {
    let identity = UInt(bitPattern: ObjectIdentifier(type))
    // SAFETY: relaxed, as the word stands for itself: metadata is never freed, and no other memory is read through it.
    if known.load(ordering: .relaxed) == identity { return true }
    guard ["Foundation.Data", "FoundationEssentials.Data"].contains(String(reflecting: type)) else { return false }
    // SAFETY: relaxed, as the word stands for itself; writing it twice does no harm.
    known.store(identity, ordering: .relaxed)
    return true
  }
}

extension RangeReplaceableCollection<UInt8> {
  // SAFETY: the bytes are part of a message that is still being read, and copied before this returns.
  fileprivate init(copying bytes: UnsafeRawBufferPointer) {
    self.init()
    append(contentsOf: bytes)
  }
}

extension DecodingInput {
  // SAFETY: `content(of:)` has checked the length; `FoundationData.read` copies the bytes while the input is valid.
  /// The content of a plain byte string of definite length, if that is what is there.
  @inline(__always)
  fileprivate func byteString(at offset: Int) throws(CBORFault) -> UnsafeRawBufferPointer? {
    let item = try item(at: offset)
    guard item.major == CBORMajor.bytes, item.tag == nil, !item.isIndefinite else { return nil }
    return try content(of: item)
  }
}
