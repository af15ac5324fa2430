/// The head of a message of a stream (CONNECTIONS.md).
struct StreamHead: Equatable {
  enum Kind: UInt8, Sendable {
    case value = 1
    case bytes = 2
    case hello = 16
    case challenge, proof, welcome

    /// What it is to those who use the connection; nil for what is said before.
    var message: LinkMessage.Kind? { LinkMessage.Kind(rawValue: rawValue) }
  }

  static let byteCount = 12
  private static let version: UInt8 = 1

  var kind: Kind
  var length: UInt64

  init(_ kind: Kind, length: Int) {
    self.kind = kind
    self.length = UInt64(length)
  }

  /// Reads a head; nil when the bytes are none.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount, let kind = Kind(rawValue: bytes[0]) else { return nil }
    guard bytes[1] == Self.version, bytes[2] == 0, bytes[3] == 0 else { return nil }
    self.kind = kind
    length = bytes[4...].reduce(0) { $0 << 8 | UInt64($1) }
  }

  var bytes: [UInt8] {
    [kind.rawValue, Self.version, 0, 0] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
  }
}
