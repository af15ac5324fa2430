internal import MultiprocessingSystem

extension Connection {
  /// Connects to the `Listener` of another program.
  ///
  /// - Parameters:
  ///   - address: where it listens.
  ///   - authenticationKey: what both sides must know, when the listener has a key, and always over TCP.
  ///   - timeout: how long to try, everything included; nil as long as the system does. Nobody listening is an error at
  ///     once.
  ///   - messageLimit: the longest message in bytes, both ways.
  /// - Throws: `system` when nobody listens there; `timedOut`; `authenticationFailed` when the other side has another key
  ///   or none, does not answer in ten seconds, or belongs to another user; `invalidArgument`; `unsupported` for a key or
  ///   TCP without the product `MultiprocessingAuthentication`; CancellationError.
  public static func connect(
    to address: SocketAddress, authenticationKey: [UInt8]? = nil, timeout: Duration? = nil, messageLimit: Int = 1 << 30
  ) async throws -> Connection {
    try Authentication.check(address, authenticationKey)
    guard messageLimit >= 0 else {
      throw MultiprocessingError(.invalidArgument, "a limit of \(messageLimit) bytes for messages")
    }
    let deadline = ContinuousClock.Instant.deadline(after: timeout)
    let socket = try await Connecting(address, until: deadline).run()
    let core = ConnectionCore(socket.descriptor, StreamLink(limit: messageLimit))
    if let authenticationKey { try await core.authenticate(.client, authenticationKey, until: deadline) }
    return Connection(core)
  }
}
