internal import MultiprocessingSystem

extension Connection {
  /// The blocking forms, for code that is not async.
  public var blocking: Blocking<Connection<Outgoing, Incoming>> {
    @available(*, noasync) get { Blocking(self) }
  }
}

extension Blocking {
  /// Sends one message; blocks until there is room.
  ///
  /// - Throws: as `Connection.send`.
  public func send<O, I>(_ message: O, timeout: Duration? = nil) throws where Base == Connection<O, I> {
    try send(base.core.sending(message, base.outgoing), timeout)
  }

  /// Sends bytes as one message; blocks until there is room.
  ///
  /// - Throws: as `Connection.sendBytes`.
  public func sendBytes<O, I>(_ bytes: some Collection<UInt8>, timeout: Duration? = nil) throws
  where Base == Connection<O, I> {
    try base.requireSending()
    try send(base.core.sending(bytes: Array(bytes)), timeout)
  }

  private func send<O, I>(_ step: ConnectionCore.Sending, _ timeout: Duration?) throws
  where Base == Connection<O, I> {
    guard try base.core.end.runBlocking(until: .deadline(after: timeout), step) != nil else {
      throw MultiprocessingError.noRoom(timeout)
    }
  }

  /// Blocks until there is a message, and takes it.
  ///
  /// - Throws: as `Connection.receive`.
  public func receive<O, I>(timeout: Duration? = nil) throws -> I where Base == Connection<O, I> {
    try base.decode(try next(limit: nil, timeout))
  }

  /// Blocks until there is a message, and takes its bytes.
  ///
  /// - Throws: as `Connection.receiveBytes`.
  public func receiveBytes<O, I>(limit: Int? = nil, timeout: Duration? = nil) throws -> [UInt8]
  where Base == Connection<O, I> {
    try next(limit: limit, timeout).bytes()
  }

  private func next<O, I>(limit: Int?, _ timeout: Duration?) throws -> LinkMessage where Base == Connection<O, I> {
    try base.requireReceiving()
    let step = base.core.receiving(limit: limit)
    guard let message = try base.core.end.runBlocking(until: .deadline(after: timeout), step) else {
      throw MultiprocessingError.nothingCame(timeout)
    }
    return message
  }

  /// Blocks until there is something to receive; false when `timeout` passes first.
  ///
  /// - Throws: as `Connection.poll`.
  public func poll<O, I>(timeout: Duration) throws -> Bool where Base == Connection<O, I> {
    try base.requireReceiving()
    return try base.core.end.runBlocking(until: .deadline(after: timeout), base.core.looking) != nil
  }
}
