package import MultiprocessingSystem
internal import Synchronization

/// Frames over a message socket: large payloads in memory files, many descriptors in several messages.
///
/// One end may be sent to by several threads and received from by several; a frame is never torn. What arrives is not
/// trusted: a frame that breaks the rules ends the channel with an error.
package final class FrameChannel: Sendable {
  package let socket: MessageSocket
  /// What attachments brought for the frame that follows them.
  private struct Pending {
    var descriptors: [Descriptor] = []
    /// One of them could not be received.
    var failure: SystemError?
  }

  private let pending = Mutex(Pending())
  private let sending = Mutex(())

  /// Payloads above go by memory file.
  static let inlineLimit = 32_768
  /// A little below the kernel's 253, to leave room for the file of a payload.
  private static let descriptorsPerMessage = 250
  private static let pendingLimit = 4096

  package init(_ socket: MessageSocket) { self.socket = socket }

  /// Sends a frame. Waits for room when `isBlocking`.
  ///
  /// - Throws: a `SystemError`; EAGAIN without `isBlocking` when there is no room.
  package func send(_ frame: Frame, isBlocking: Bool = true) throws {
    var descriptors = frame.payload.descriptors
    var body = frame.payload.bytes
    var length = body.count
    var file = frame.payload.file?.file
    if body.count > Self.inlineLimit {
      let made = try MemoryFile(sealableNamed: "mp-payload")
      length = frame.payload.byteCount
      // SAFETY: read inside the call only.
      try frame.payload.withContent { try made.write($0, at: 0) }
      try made.seal()
      (body, file) = ([], made)
    } else if let content = frame.payload.file {
      length = content.byteCount
    }
    if let file { descriptors.insert(file.descriptor, at: 0) }
    let head = FrameHeader(frame, isInFile: file != nil, length: length)
    guard descriptors.count > Self.descriptorsPerMessage else {
      // Not between the parts of another.
      return try sending.withLock { _ in
        try socket.send(header: head.bytes, body: body, descriptors: descriptors, isBlocking: isBlocking)
      }
    }
    try sendInParts(head, body, descriptors, isBlocking: isBlocking)
  }

  /// The lock is held over the sends so that no other frame comes between the parts. When one cannot be sent, the receiver
  /// drops those before it: the next frame does not go on with them.
  private func sendInParts(_ head: FrameHeader, _ body: [UInt8], _ descriptors: [Descriptor], isBlocking: Bool) throws {
    let file = head.isInFile ? 1 : 0
    var (head, attachment) = (head, FrameHeader(Frame(.attachment), isInFile: false, length: 0))
    var handles = Array(descriptors.dropFirst(file))
    try sending.withLock { _ in
      while handles.count > Self.descriptorsPerMessage - file {
        let part = Array(handles.prefix(Self.descriptorsPerMessage))
        try socket.send(header: attachment.bytes, descriptors: part, isBlocking: isBlocking)
        attachment.goesOn = true
        handles.removeFirst(part.count)
      }
      let last = Array(descriptors.prefix(file)) + handles
      head.goesOn = true
      try socket.send(header: head.bytes, body: body, descriptors: last, isBlocking: isBlocking)
    }
  }

  package enum Received: Sendable {
    case frame(Frame)
    case nothing, end
  }

  /// The next whole frame.
  ///
  /// An answer that needs a descriptor where this process can open none comes as an error in its place.
  ///
  /// - Throws: a `SystemError`, or `notTransferable` for a frame that breaks the rules.
  package func receive(isBlocking: Bool) throws -> Received {
    var wasReset = false
    while true {
      let message: MessageSocket.Message?
      var lost: FrameHeader?
      do {
        // SAFETY: at least 64 bytes are there, and a head has 40.
        message = try socket.receive(isBlocking: isBlocking) { lost = FrameHeader(at: $0.baseAddress!) }
      } catch let error as SystemError where error.wouldBlock {
        return .nothing
      } catch let error as SystemError where error.isOutOfDescriptors {
        if let frame = try replacement(of: lost, error) { return .frame(frame) }
        continue
      } catch let error as SystemError where error.isDisconnected {
        // A peer that ended with something of ours unread resets the socket, once, before what it had sent is read.
        if wasReset { return .end }
        wasReset = true
        continue
      }
      guard let message else { return .end }
      if let frame = try accept(message) { return .frame(frame) }
    }
  }

  /// What stands for a frame whose descriptors could not be received: nil for an attachment, whose frame is to come.
  ///
  /// - Throws: the error, for a frame without which nothing can go on.
  private func replacement(of head: FrameHeader?, _ error: SystemError) throws -> Frame? {
    guard let head else { throw error }
    if head.kind == .attachment {
      withExtendedLifetime(takePending()) { pending.withLock { $0.failure = error } }
      return nil
    }
    withExtendedLifetime(takePending()) {}
    if head.kind == .log { return Frame(.log, task: head.task) }
    if head.kind.isAnswer { return Self.failure(instead: head, error) }
    throw error
  }

  private func takePending() -> Pending {
    pending.withLock { pending in
      defer { pending = Pending() }
      return pending
    }
  }

  /// The sender is not to blame, and what else it has to say is not lost.
  private static func failure(instead head: FrameHeader, _ cause: SystemError) -> Frame {
    let error = MultiprocessingError(
      .system,
      """
      a result came with a descriptor, and this process can open no more: close descriptors, or raise the limit of open \
      files (\(cause))
      """, cause: cause)
    var frame = TaskOutcome.thrown(error).frame(task: head.task)
    frame.number = head.number
    if head.kind.isPart { frame.kind = .failedPart }
    return frame
  }

  private func accept(_ message: MessageSocket.Message) throws -> Frame? {
    guard let header = FrameHeader(message.bytes) else { throw Self.malformed("an unknown kind of frame") }
    if header.kind == .attachment {
      try keep(message.descriptors, goesOn: header.goesOn)
      return nil
    }
    var content = try payload(header, message)
    let earlier = takePending()
    // Else they are what another began and did not end.
    if header.goesOn {
      if let failure = earlier.failure {
        if header.kind.isAnswer { return Self.failure(instead: header, failure) }
        throw failure
      }
      content = TransferPayload(
        bytes: content.bytes, descriptors: earlier.descriptors + content.descriptors, file: content.file)
    }
    return Frame(header, content)
  }

  private func keep(_ descriptors: [Descriptor], goesOn: Bool) throws {
    let dropped = try pending.withLock { pending in
      let before = pending.descriptors
      guard goesOn else {
        pending = Pending(descriptors: descriptors)
        return before
      }
      guard before.count + descriptors.count <= Self.pendingLimit else { throw Self.malformed("too many descriptors") }
      if pending.failure != nil { return descriptors }
      pending.descriptors += descriptors
      return []
    }
    _ = dropped
  }

  private func payload(_ header: FrameHeader, _ message: MessageSocket.Message) throws -> TransferPayload {
    let bytes = Array(message.bytes.dropFirst(FrameHeader.byteCount))
    guard header.isInFile else {
      guard Int(exactly: header.length) == bytes.count else {
        throw Self.malformed("a length that is not the payload's")
      }
      return TransferPayload(bytes: bytes, descriptors: message.descriptors)
    }
    guard let first = message.descriptors.first, let length = Int(exactly: header.length), length > 0 else {
      throw Self.malformed("a payload without its file")
    }
    guard let content = try PayloadFile(received: MemoryFile(first), byteCount: length) else {
      throw Self.malformed("a payload file that is cut short")
    }
    return TransferPayload(bytes: bytes, descriptors: Array(message.descriptors.dropFirst()), file: content)
  }

  private static func malformed(_ what: String) -> MultiprocessingError {
    MultiprocessingError(.notTransferable, "the other process sent \(what): the message is refused")
  }
}
