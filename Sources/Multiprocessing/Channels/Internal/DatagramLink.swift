internal import MultiprocessingSystem
internal import Synchronization

/// Messages of a pair: one datagram each, so no state and no lock (CONNECTIONS.md).
struct DatagramLink: Link {
  let pairFormat: PairFormat

  init(_ format: PairFormat) { pairFormat = format }

  /// Bodies above go by memory file.
  static let inlineLimit = 32_768
  /// A little below the kernel's limit, to leave room for the file and the carrier.
  static let handlesPerMessage = 250

  var format: TransferFormat { pairFormat.value }

  func sending<Value: Codable & Sendable>(
    _ value: Value, _ coder: TransferCoder<Value>
  ) throws -> (Descriptor) throws -> Bool {
    // Once, for another thread may change it.
    let format = format
    // A large array goes into its file from where it lies: one copy less.
    return try sending(.value, coder.encode(value, format, spillLimit: Self.inlineLimit), format)
  }

  func sending(_ kind: LinkMessage.Kind, _ payload: TransferPayload) throws -> (Descriptor) throws -> Bool {
    try sending(kind, payload, format)
  }

  private func sending(
    _ kind: LinkMessage.Kind, _ payload: TransferPayload, _ format: TransferFormat
  ) throws -> (Descriptor) throws -> Bool {
    var head = DatagramHead(kind, handles: payload.descriptors.count, length: payload.byteCount)
    head.isPortable = format == .portable
    var (body, attached) = (payload.bytes, payload.descriptors)
    if attached.count > Self.handlesPerMessage {
      attached = [try DescriptorCarrier.loaded(with: attached, perMessage: Self.handlesPerMessage)]
      head.hasCarrier = true
    }
    if let file = payload.file {
      attached.insert(file.file.descriptor, at: 0)
      head.endsInFile = true
    } else if body.count > Self.inlineLimit {
      // SAFETY: read inside the call only.
      attached.insert(try body.withUnsafeBytes { try MessageFile.make($0) }, at: 0)
      head.isInFile = true
      body = []
    }
    return Self.sending(head, body, attached)
  }

  private static func sending(
    _ head: DatagramHead, _ body: [UInt8], _ descriptors: [Descriptor]
  ) -> (Descriptor) throws -> Bool {
    let bytes = head.bytes
    return { descriptor in
      do {
        let socket = MessageSocket(descriptor)
        try socket.send(header: bytes, body: body, descriptors: descriptors, isBlocking: false)
        return true
      } catch let error as SystemError {
        if error.wouldBlock { return false }
        throw MultiprocessingError.ofSocket("sending through the connection", error)
      }
    }
  }

  func receive(from descriptor: Descriptor, limit: Int?) throws -> LinkMessage? {
    let socket = MessageSocket(descriptor)
    let message: MessageSocket.Message
    do {
      if let limit, let start = try? socket.peek(DatagramHead.byteCount), let head = DatagramHead(start),
        head.length > limit
      {
        throw MultiprocessingError.longMessage(head.length, limit: limit)
      }
      guard let next = try Self.next(of: socket) else {
        throw MultiprocessingError(.closed, "the connection has ended: every copy of the other end is closed")
      }
      message = next
    } catch let error as SystemError {
      if error.wouldBlock { return nil }
      throw MultiprocessingError.ofSocket("receiving from the connection", error)
    }
    // It is taken: whatever is the matter now, EAGAIN among it, is no reason to wait for another.
    do {
      return try read(message)
    } catch let error as SystemError {
      throw MultiprocessingError.ofSocket("reading a message of the connection", error)
    }
  }

  /// A peer that ended with something of ours unread resets the socket, once, before what it had sent is read.
  private static func next(of socket: MessageSocket) throws -> MessageSocket.Message? {
    do {
      return try socket.receive(isBlocking: false)
    } catch let error as SystemError where error.isDisconnected {
      return try socket.receive(isBlocking: false)
    }
  }

  private func read(_ message: MessageSocket.Message) throws -> LinkMessage {
    guard let head = DatagramHead(message.bytes) else { throw Self.malformed("no head that it knows") }
    var descriptors = message.descriptors
    if head.isInFile || head.endsInFile, descriptors.isEmpty { throw Self.malformed("no file for its body") }
    var body = LinkMessage.Body.array(message.bytes, head: DatagramHead.byteCount)
    var end: PayloadFile?
    let inlined = UInt64(message.bytes.count - DatagramHead.byteCount)
    if head.endsInFile {
      guard inlined < head.length, !head.isPortable else { throw Self.malformed("a length that is not its body's") }
      end = try MessageFile.end(in: descriptors.removeFirst(), length: head.length - inlined)
    } else if head.isInFile {
      body = try MessageFile.body(in: descriptors.removeFirst(), length: head.length)
    } else {
      guard inlined == head.length else { throw Self.malformed("a length that is not its body's") }
    }
    if head.hasCarrier {
      guard let carrier = descriptors.popLast() else { throw Self.malformed("no carrier for its descriptors") }
      descriptors += try DescriptorCarrier.unloaded(carrier, expecting: Int(head.handles))
    }
    guard descriptors.count == Int(head.handles) else { throw Self.malformed("not all of its descriptors") }
    if head.kind == .value, !head.isPortable, head.build != BuildIdentity.own.hash { throw Self.otherBuild }
    return LinkMessage(
      kind: head.kind, format: head.isPortable ? .portable : .sameBuild, body: body, end: end, descriptors: descriptors)
  }

  func passport(for format: TransferFormat) throws -> LinkPassport {
    if format == .portable { pairFormat.makePortable() }
    var passport = LinkPassport(.datagrams)
    passport.build = pairFormat.build
    passport.isPortable = self.format == .portable
    return passport
  }

  static func malformed(_ what: String) -> MultiprocessingError {
    MultiprocessingError(.notTransferable, "the other process sent a message with \(what): it is refused")
  }

  private static var otherBuild: MultiprocessingError {
    MultiprocessingError(
      .notTransferable,
      """
      the message was written by another build of the program: pass the connection to the other executable before \
      anything is sent through it
      """)
  }
}

/// How the ends of one pair write values: shared by those that lie in the process that made them.
final class PairFormat: Sendable {
  private let isPortable: Atomic<Bool>
  private let files = PayloadFiles.Use(.usual)
  /// The build that made the pair.
  let build: UInt64

  init(isPortable: Bool = false, build: UInt64 = BuildIdentity.own.hash) {
    self.isPortable = Atomic(isPortable)
    self.build = build
  }

  // SAFETY: one flag that only rises and orders nothing else: relaxed.
  var value: TransferFormat { isPortable.load(ordering: .relaxed) ? .portable : .sameBuild }

  /// An end goes to a process of another build.
  // SAFETY: as above.
  func makePortable() { isPortable.store(true, ordering: .relaxed) }
}
