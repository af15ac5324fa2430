internal import MultiprocessingSystem
internal import Synchronization

/// Waits at an address for other programs to connect.
///
/// ```swift
/// let listener = try Listener<String, Request>(at: .unix(path: "/run/service.socket"))
/// while true {
///   do {
///     let client = try await listener.accept()
///     Task { try await serve(client) }
///   } catch let error as MultiprocessingError where error.code == .authenticationFailed {
///     continue  // a client that is turned away is not the end of the service
///   }
/// }
/// ```
///
/// The other side is `Connection.connect` in any program, or one in another language: what is sent is described in
/// CONNECTIONS.md, and values are CBOR. Nothing that arrives is trusted to be well-formed. On Unix sockets only processes
/// of the same user and of root are let in. Over TCP, and wherever a key is given, both sides must show that they know
/// it before the first message; that needs the product `MultiprocessingAuthentication`. It is no encryption.
///
/// A client that is slow to show its key keeps one `accept` for up to ten seconds: let several tasks accept at once where
/// others should not wait for it. To connect processes of one tree, `Connection.pair` is simpler and carries handles.
public final class Listener<Outgoing: Codable & Sendable, Incoming: Codable & Sendable>: Waitable {
  let core: ListenerCore

  /// Listens from now on: clients that connect before the first `accept` wait.
  ///
  /// - Parameters:
  ///   - address: where. A host's name is looked up, which may block.
  ///   - authenticationKey: what both sides must know; an empty one is one too.
  ///   - messageLimit: the longest message in bytes, both ways.
  /// - Throws: `system` when the address is in use or cannot be; `invalidArgument`; `unsupported` for a key or TCP
  ///   without the product `MultiprocessingAuthentication`.
  public init(at address: SocketAddress, authenticationKey: [UInt8]? = nil, messageLimit: Int = 1 << 30) throws {
    core = try ListenerCore(at: address, key: authenticationKey, messageLimit: messageLimit)
  }

  /// Where it listens, with the port that the system chose.
  public var address: SocketAddress { core.address }

  /// Where the last accepted client came from; nil for one without a name, as clients of Unix sockets mostly are.
  public var lastAccepted: SocketAddress? { core.lastAccepted.withLock { $0 } }

  /// Waits for a client and lets it in.
  ///
  /// - Parameter timeout: how long to wait, its authentication included; nil for ever.
  /// - Throws: `timedOut`; `closed`; CancellationError; `authenticationFailed` for a client that was turned away, after
  ///   which the next can be accepted; `system`.
  public func accept(timeout: Duration? = nil) async throws -> Connection<Outgoing, Incoming> {
    let deadline = ContinuousClock.Instant.deadline(after: timeout)
    guard let client = try await core.end.run(until: deadline, core.accepting) else { throw core.nobody(timeout) }
    guard let key = core.key else { return Connection(client) }
    try await client.authenticate(.server, key, until: deadline)
    return Connection(client)
  }

  /// Ends it: calls that wait throw `closed`, and the file of a Unix path is removed. Connections that were accepted go
  /// on.
  public func close() { core.close() }

  /// Ready when a client waits, and when it is closed.
  public var waitSource: WaitSource { WaitSource(.closable(core.end)) }

  /// The blocking form of `accept`, for code that is not async.
  public var blocking: Blocking<Listener<Outgoing, Incoming>> {
    @available(*, noasync) get { Blocking(self) }
  }
}

extension Blocking {
  /// Blocks until there is a client, and lets it in.
  ///
  /// - Throws: as `Listener.accept`.
  public func accept<O, I>(timeout: Duration? = nil) throws -> Connection<O, I> where Base == Listener<O, I> {
    let (core, deadline) = (base.core, ContinuousClock.Instant.deadline(after: timeout))
    guard let client = try core.end.runBlocking(until: deadline, core.accepting) else { throw core.nobody(timeout) }
    guard let key = core.key else { return Connection(client) }
    try client.authenticateBlocking(.server, key, until: deadline)
    return Connection(client)
  }
}
