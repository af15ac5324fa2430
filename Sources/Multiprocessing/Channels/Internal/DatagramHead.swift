/// The head of a message of a pair (CONNECTIONS.md).
struct DatagramHead: Equatable {
  static let byteCount = 24

  var kind: LinkMessage.Kind
  /// The body is in a memory file, the first descriptor.
  var isInFile = false
  /// The value's descriptors are in a carrier, the last descriptor.
  var hasCarrier = false
  var isPortable = false
  /// What the body ends with is in a memory file, the first descriptor.
  var endsInFile = false
  /// How many descriptors belong to the value.
  var handles: UInt32
  var build: UInt64
  var length: UInt64

  init(_ kind: LinkMessage.Kind, handles: Int, length: Int) {
    self.kind = kind
    self.handles = UInt32(handles)
    self.length = UInt64(length)
    build = BuildIdentity.own.hash
  }

  /// Reads a head; nil when the bytes are none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.byteCount, let kind = LinkMessage.Kind(rawValue: bytes[0]) else { return nil }
    guard bytes[1] < 16, bytes[2] == 0, bytes[3] == 0 else { return nil }
    self.kind = kind
    (isInFile, hasCarrier, isPortable) = (bytes[1] & 1 != 0, bytes[1] & 2 != 0, bytes[1] & 4 != 0)
    endsInFile = bytes[1] & 8 != 0
    // SAFETY: the offsets are below the count checked above.
    (handles, build, length) = bytes.withUnsafeBytes {
      (
        UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
      )
    }
  }

  var bytes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    bytes[0] = kind.rawValue
    bytes[1] = (isInFile ? 1 : 0) | (hasCarrier ? 2 : 0) | (isPortable ? 4 : 0) | (endsInFile ? 8 : 0)
    // SAFETY: the offsets are below the count of the array.
    bytes.withUnsafeMutableBytes {
      $0.storeBytes(of: handles.littleEndian, toByteOffset: 4, as: UInt32.self)
      $0.storeBytes(of: build.littleEndian, toByteOffset: 8, as: UInt64.self)
      $0.storeBytes(of: length.littleEndian, toByteOffset: 16, as: UInt64.self)
    }
    return bytes
  }
}
