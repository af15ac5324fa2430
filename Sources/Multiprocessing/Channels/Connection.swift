internal import MultiprocessingSystem

/// One end of a two-way channel between two processes, tasks or programs, typed by what it sends and what it receives.
///
/// ```swift
/// let (ours, theirs) = try Connection<String, Int>.pair()
/// let child = try ChildProcess.start(theirs) { connection in
///   let text = try await connection.receive()
///   try await connection.send(text.count)
/// }
/// theirs.close()
/// try await ours.send("how long?")
/// print(try await ours.receive())
/// ```
///
/// Messages arrive whole, once, and in the order in which they were sent. `Never` makes a connection one-way. Handles
/// (locks, shared memory, connections ...) can be part of a message of a `pair`; those that a `Listener` accepts carry
/// values only, as any program may be at their other end. A queue is the better choice for many producers or consumers:
/// what a queue holds outlives those who put it there; what is under way in a connection belongs to its two ends.
///
/// **Several at one end.** Any number of tasks and threads may send and receive at the same time; each message goes to
/// one of them. The ends of a `pair` may also be shared by several processes, under the same rules; an accepted
/// connection belongs to one process at a time.
///
/// **The end.** A connection travels as an argument, an input, a result or a message, and is then open in both
/// processes. When every copy of the other end is closed, dropped or has died with its process, `receive` throws `closed`
/// once all messages have been taken, and `send` throws it at once. Close or drop the copies that you do not use: while
/// this process holds the other end too, it waits for itself. A process made by `fork` holds copies of both ends.
///
/// **Timeouts and cancellation** lose no message: a `receive` that ends early has taken none. A `send` that ends early has
/// sent nothing; only on a connection made by a listener may it have begun, and then the message goes out whole, ahead of
/// the next one.
public final class Connection<Outgoing: Codable & Sendable, Incoming: Codable & Sendable>: Codable, Waitable {
  let core: ConnectionCore
  let outgoing = TransferCoder<Outgoing>()
  let incoming = TransferCoder<Incoming>()

  init(_ core: ConnectionCore) { self.core = core }

  /// Two ends, what one sends the other receives.
  ///
  /// - Throws: `system` when there are too many descriptors.
  public static func pair(
    sending outgoing: Outgoing.Type = Outgoing.self, receiving incoming: Incoming.Type = Incoming.self
  ) throws -> (Connection<Outgoing, Incoming>, Connection<Incoming, Outgoing>) {
    let (near, far) = try ConnectionCore.pair()
    return (Connection<Outgoing, Incoming>(near), Connection<Incoming, Outgoing>(far))
  }

  /// The end that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder, `system` when there are too many descriptors.
  public init(from decoder: any Decoder) throws { core = try ConnectionCore(from: decoder) }

  /// Writes a reference to this end, which stays open here too.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it, when it is closed, and in the middle of a message.
  public func encode(to encoder: any Encoder) throws { try core.encode(to: encoder) }

  /// Whether there is something to receive now: a message, the beginning of one, or the end.
  public var isReadable: Bool { core.isReadable }

  /// Whether this end was closed in this process.
  public var isClosed: Bool { core.end.isClosed }

  /// The socket, for event loops: readable when `isReadable` is true. -1 when this end is closed. It stays the
  /// connection's: do not read from it, write to it or close it.
  public var fileDescriptor: Int32 { core.end.existing?.number ?? -1 }

  /// Closes this copy of this end. Calls that wait on it throw `closed`; closing again does nothing.
  public func close() { core.end.close() }

  /// Ready when `isReadable` is true, and when this end is closed.
  public var waitSource: WaitSource { WaitSource(.closable(core.end)) }
}
