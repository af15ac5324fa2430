/// What has come of the next message of a stream. Pure: it says how much to read, and is told what came.
struct StreamReading {
  /// What may come: a head that breaks the rule ends the stream.
  struct Rule: Sendable {
    /// Longest body.
    var limit: Int
    /// Whether this is before the peer has shown that it knows the key.
    var isHandshake: Bool
  }

  struct Whole: Equatable {
    var kind: StreamHead.Kind
    var body: [UInt8]
  }

  private var start: [UInt8] = []
  /// The head of the message whose body is being read.
  private(set) var head: StreamHead?
  private(set) var body: [UInt8] = []
  /// No head was found, or one that is not allowed: what follows means nothing.
  private(set) var isBroken = false

  /// Most bytes asked for at once.
  private static let piece = 262_144

  /// Part of a message has come, and not all of it.
  var isPartial: Bool { !start.isEmpty || head != nil }

  /// How much may be read at most now: never more than what belongs to the message. 0: it is there.
  var wanted: Int {
    guard let head else { return StreamHead.byteCount - start.count }
    return min(Int(head.length) - body.count, Self.piece)
  }

  /// Takes bytes, at most as many as were wanted.
  ///
  /// - Throws: `authenticationFailed`, `notTransferable`.
  mutating func accept(_ bytes: [UInt8], under rule: Rule) throws {
    guard head == nil else {
      // Room for twice what has come, and not for what is said to come.
      body.append(contentsOf: bytes)
      return
    }
    start += bytes
    guard start.count == StreamHead.byteCount else { return }
    isBroken = true
    guard let head = StreamHead(start) else {
      throw Self.refusal(rule, "something that is no message of a connection")
    }
    if rule.isHandshake != (head.kind.message == nil) {
      throw MultiprocessingError(
        .authenticationFailed, "one side has a key and the other has none: both need the same, or neither")
    }
    guard head.length <= UInt64(rule.limit) else {
      throw Self.refusal(rule, "a message of \(head.length) bytes, and \(rule.limit) are the limit")
    }
    (self.head, isBroken) = (head, false)
  }

  /// The message when it is whole, which is then forgotten; an error, and the message stays, when it is longer than
  /// `limit`.
  mutating func take(limit: Int? = nil) -> Result<Whole, MultiprocessingError>? {
    guard let head else { return nil }
    if let limit, head.length > limit { return .failure(.longMessage(head.length, limit: limit)) }
    guard wanted == 0 else { return nil }
    defer { self = StreamReading() }
    return .success(Whole(kind: head.kind, body: body))
  }

  private static func refusal(_ rule: Rule, _ what: String) -> MultiprocessingError {
    MultiprocessingError(
      rule.isHandshake ? .authenticationFailed : .notTransferable,
      "the other side sent \(what): the connection is closed")
  }
}
