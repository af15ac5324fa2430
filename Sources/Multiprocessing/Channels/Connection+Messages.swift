internal import MultiprocessingSystem

extension Connection {
  /// Sends one message, waiting for room in the channel.
  ///
  /// - Parameter timeout: how long to wait for room; nil for ever.
  /// - Throws: `closed` when this end, or every copy of the other, is closed; `timedOut`; CancellationError when the
  ///   awaiting task is cancelled and there is no room; `notTransferable` when the message cannot be encoded;
  ///   `outOfMemory` for a large one; `system` when the limits of descriptors do not allow its handles; `disconnected`
  ///   when the other side of a stream cannot be reached any more.
  public func send(_ message: Outgoing, timeout: Duration? = nil) async throws {
    try await send(core.sending(message, outgoing), timeout: timeout)
  }

  /// Sends bytes as one message, as they are.
  ///
  /// - Throws: as `send`; `unsupported` on a connection that sends nothing.
  public func sendBytes(_ bytes: some Collection<UInt8>) async throws {
    try await sendBytes(bytes, timeout: nil)
  }

  /// The same with a timeout.
  ///
  /// - Throws: as `sendBytes(_:)`; `timedOut` when there is no room until then.
  public func sendBytes(_ bytes: some Collection<UInt8>, timeout: Duration?) async throws {
    try requireSending()
    try await send(core.sending(bytes: Array(bytes)), timeout: timeout)
  }

  private func send(_ step: ConnectionCore.Sending, timeout: Duration?) async throws {
    guard try await core.end.run(until: .deadline(after: timeout), step) != nil else {
      throw MultiprocessingError.noRoom(timeout)
    }
  }

  /// Waits for the next message.
  ///
  /// - Parameter timeout: how long to wait; nil for ever.
  /// - Throws: `closed` at the end; `timedOut`; CancellationError when the awaiting task is cancelled and nothing is
  ///   there; `notTransferable` for a message that is no `Incoming`, which is then gone; `disconnected` when the other
  ///   side of a stream went away inside a message; `unsupported` on a connection that receives nothing.
  public func receive(timeout: Duration? = nil) async throws -> Incoming {
    try decode(try await next(limit: nil, timeout: timeout))
  }

  /// Waits for the next message and returns its bytes: those of `sendBytes` as they are, a value in its encoding.
  ///
  /// - Parameter limit: the most bytes; a longer message is the error `limitExceeded` and stays, to be received with a
  ///   higher limit. (When several processes receive at one end, another may meanwhile have taken it.)
  /// - Throws: as `receive`.
  public func receiveBytes(limit: Int? = nil) async throws -> [UInt8] {
    try await receiveBytes(limit: limit, timeout: nil)
  }

  /// The same with a timeout.
  ///
  /// - Throws: as `receiveBytes(limit:)`; `timedOut` when nothing has come until then.
  public func receiveBytes(limit: Int? = nil, timeout: Duration?) async throws -> [UInt8] {
    try await next(limit: limit, timeout: timeout).bytes()
  }

  private func next(limit: Int?, timeout: Duration?) async throws -> LinkMessage {
    try requireReceiving()
    guard let message = try await core.end.run(until: .deadline(after: timeout), core.receiving(limit: limit)) else {
      throw MultiprocessingError.nothingCame(timeout)
    }
    return message
  }

  /// Waits until there is something to receive, and takes nothing; false when `timeout` passes first. At the end of the
  /// stream that is true: `receive` then throws `closed`.
  ///
  /// - Throws: `closed` when this end is closed; CancellationError; `unsupported` on a connection that receives nothing.
  public func poll(timeout: Duration) async throws -> Bool {
    try requireReceiving()
    return try await core.end.run(until: .deadline(after: timeout), core.looking) != nil
  }
}

extension Connection {
  func requireSending() throws {
    if Outgoing.self == Never.self { throw MultiprocessingError.oneWay("sends") }
  }

  func requireReceiving() throws {
    if Incoming.self == Never.self { throw MultiprocessingError.oneWay("receives") }
  }

  /// The value of a message.
  func decode(_ message: LinkMessage) throws -> Incoming {
    if message.kind == .bytes {
      if let bytes = try message.bytes() as? Incoming { return bytes }
      throw MultiprocessingError(
        .notTransferable, "the message is raw bytes and no \(Incoming.self): receive it with receiveBytes")
    }
    // SAFETY: read inside the call only.
    return try message.withBytes {
      try incoming.decode($0, descriptors: message.descriptors, message.format, message.end)
    }
  }
}

extension MultiprocessingError {
  static func noRoom(_ timeout: Duration?) -> MultiprocessingError {
    MultiprocessingError(.timedOut, "there was no room in the connection for \(timeout ?? .zero): nobody receives")
  }

  static func nothingCame(_ timeout: Duration?) -> MultiprocessingError {
    MultiprocessingError(.timedOut, "nothing came through the connection for \(timeout ?? .zero)")
  }

  fileprivate static func oneWay(_ verb: String) -> MultiprocessingError {
    MultiprocessingError(.unsupported, "this end of the connection \(verb) nothing: its type says Never")
  }
}
