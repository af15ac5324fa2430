internal import MultiprocessingSystem
internal import Synchronization

/// Messages behind each other in a stream (CONNECTIONS.md).
///
/// The locks are held over system calls, which do not wait: whoever reads or writes takes its turn, and continues what
/// another began.
final class StreamLink: Link {
  private let reading = Mutex(StreamReading())
  private let writing = Mutex(StreamWriting())
  private let limit: Int

  /// - Parameter limit: the longest body, in both directions.
  init(limit: Int) { self.limit = limit }

  var format: TransferFormat { .portable }

  func sending<Value: Codable & Sendable>(
    _ value: Value, _ coder: TransferCoder<Value>
  ) throws -> (Descriptor) throws -> Bool {
    try sending(.value, coder.encode(value, .portable))
  }

  func sending(_ kind: LinkMessage.Kind, _ payload: TransferPayload) throws -> (Descriptor) throws -> Bool {
    guard payload.descriptors.isEmpty else { throw Self.handleRefused }
    guard payload.bytes.count <= limit else {
      throw MultiprocessingError(
        .limitExceeded, "a message of \(payload.bytes.count) bytes, and \(limit) are the limit of this connection")
    }
    return sending(kind == .value ? .value : .bytes, payload.bytes)
  }

  /// The same for what is said before the first message.
  func sending(_ kind: StreamHead.Kind, _ body: [UInt8]) -> (Descriptor) throws -> Bool {
    let head = StreamHead(kind, length: body.count).bytes
    let pieces = body.count <= 65_536 ? [head + body] : [head, body]
    var number: UInt64?
    return { descriptor in try self.write(pieces, &number, to: StreamSocket(descriptor)) }
  }

  /// - Parameter number: that of the message, once it is begun.
  private func write(_ pieces: [[UInt8]], _ number: inout UInt64?, to socket: StreamSocket) throws -> Bool {
    try writing.withLock { writing in
      if writing.isBroken { throw Self.cutOff }
      if let number, writing.isOut(number) { return true }
      guard try Self.flush(&writing, to: socket) else { return false }
      if number != nil { return true }
      let own = writing.begin(pieces)
      let isOut = try Self.flush(&writing, to: socket)
      if isOut || writing.hasGone {
        number = own
      } else {
        // It is not begun, and another may come first.
        writing.abandon()
      }
      return isOut
    }
  }

  private static func flush(_ writing: inout StreamWriting, to socket: StreamSocket) throws -> Bool {
    while let next = writing.next {
      do {
        writing.wrote(try socket.write(next))
      } catch let error as SystemError {
        if error.wouldBlock { return false }
        // A peer that is gone takes nothing more, and what it had sent can still be received.
        if !error.isDisconnected { writing.abandon() }
        throw MultiprocessingError.ofSocket("sending through the connection", error)
      }
    }
    return true
  }

  func receive(from descriptor: Descriptor, limit: Int?) throws -> LinkMessage? {
    let whole = try next(from: descriptor, under: .init(limit: self.limit, isHandshake: false), limit: limit)
    guard let whole, let kind = whole.kind.message else { return nil }
    return LinkMessage(kind: kind, format: .portable, body: .array(whole.body, head: 0))
  }

  /// The next message under a rule; nil when it is not there yet.
  func next(from descriptor: Descriptor, under rule: StreamReading.Rule, limit: Int? = nil) throws
    -> StreamReading.Whole?
  {
    try reading.withLock { reading in
      if reading.isBroken { throw Self.broken }
      while true {
        if let whole = reading.take(limit: limit) { return try whole.get() }
        var bytes: [UInt8] = []
        do {
          guard try StreamSocket(descriptor).read(into: &bytes, limit: reading.wanted) > 0 else {
            throw Self.end(isPartial: reading.isPartial)
          }
        } catch let error as SystemError {
          if error.wouldBlock { return nil }
          if error.isDisconnected { throw Self.end(isPartial: reading.isPartial) }
          throw MultiprocessingError.ofSocket("receiving from the connection", error)
        }
        try reading.accept(bytes, under: rule)
      }
    }
  }

  /// What follows in the stream, in either direction, means nothing any more.
  var isBroken: Bool { reading.withLock { $0.isBroken } || writing.withLock { $0.isBroken } }

  func passport(for format: TransferFormat) throws -> LinkPassport {
    guard !reading.withLock({ $0.isPartial }), !writing.withLock({ $0.isPartial }) else {
      throw MultiprocessingError(
        .notTransferable, "part of a message has come or gone through this connection: finish it before passing it on")
    }
    var passport = LinkPassport(.stream)
    passport.limit = limit
    return passport
  }

  private static func end(isPartial: Bool) -> MultiprocessingError {
    isPartial
      ? MultiprocessingError(.disconnected, "the other side went away inside a message")
      : MultiprocessingError(.closed, "the connection has ended: the other side is closed")
  }

  private static var broken: MultiprocessingError {
    MultiprocessingError(.disconnected, "the other side broke the rules: nothing more can be received")
  }

  private static var cutOff: MultiprocessingError {
    MultiprocessingError(.disconnected, "an error of the system cut a message off: nothing more can be sent")
  }

  private static var handleRefused: MultiprocessingError {
    MultiprocessingError(
      .notTransferable,
      """
      a handle (queue, lock, shared memory, connection ...) cannot be sent to another program: only through \
      Connection.pair, to a process of the same tree
      """)
  }
}
