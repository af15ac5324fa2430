internal import MultiprocessingSystem

/// Who knows the key: the four messages before the first (CONNECTIONS.md). Pure: it is given what came, and says what to
/// send.
struct Handshake {
  enum Side: String { case client, server }

  struct Reply: Equatable {
    var kind: StreamHead.Kind
    var body: [UInt8]
  }

  /// What the other side may send.
  static let rule = StreamReading.Rule(limit: nonceLength, isHandshake: true)
  /// Both numbers and codes have as many bytes.
  static let nonceLength = 32
  /// How long all of it may take.
  static let duration: Duration = .seconds(10)

  private let side: Side
  private let key: [UInt8]
  private let nonce: [UInt8]
  private var peerNonce: [UInt8] = []
  private var expected: StreamHead.Kind
  /// Both sides know the key; what `opening` and `accept` gave has to be sent all the same.
  private(set) var isDone = false

  init(_ side: Side, key: [UInt8], nonce: [UInt8] = Handshake.randomNonce()) {
    self.side = side
    self.key = key
    self.nonce = nonce
    expected = side == .client ? .challenge : .hello
  }

  /// What to send first.
  var opening: Reply? { side == .client ? Reply(kind: .hello, body: nonce) : nil }

  /// - Returns: what to send next.
  /// - Throws: `authenticationFailed`.
  mutating func accept(_ kind: StreamHead.Kind, _ body: [UInt8]) throws -> Reply? {
    guard kind == expected, body.count == Self.nonceLength else { throw Self.failure("what the other side sent") }
    switch kind {
    case .hello:
      (peerNonce, expected) = (body, .proof)
      return Reply(kind: .challenge, body: nonce)
    case .challenge:
      (peerNonce, expected) = (body, .welcome)
      return Reply(kind: .proof, body: code(of: .client))
    case .proof:
      try check(body, of: .client)
      isDone = true
      return Reply(kind: .welcome, body: code(of: .server))
    default:
      try check(body, of: .server)
      isDone = true
      return nil
    }
  }

  private func check(_ code: [UInt8], of sender: Side) throws {
    guard AuthenticationCode.isValid(code, key: key, message: message(of: sender)) else {
      throw Self.failure("its code: it has another key")
    }
  }

  private func code(of sender: Side) -> [UInt8] { AuthenticationCode.make(key: key, message: message(of: sender)) }

  private func message(of sender: Side) -> [UInt8] {
    let nonces = side == .client ? nonce + peerNonce : peerNonce + nonce
    // HMAC alone does not tell a key from the same with zeros behind it.
    return Array("swift-multiprocessing 1 \(sender.rawValue) \(key.count)".utf8) + nonces
  }

  static func failure(_ what: String) -> MultiprocessingError {
    MultiprocessingError(.authenticationFailed, "the other side could not be authenticated by \(what)")
  }

  static func randomNonce() -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<nonceLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
