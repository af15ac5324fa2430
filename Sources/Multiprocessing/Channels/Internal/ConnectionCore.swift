internal import MultiprocessingSystem

/// An end of a connection without its types.
final class ConnectionCore: Sendable {
  let end: ClosableDescriptor
  let link: any Link

  init(_ descriptor: Descriptor, _ link: any Link) {
    end = ClosableDescriptor(descriptor, "the connection")
    self.link = link
  }

  /// Two ends, in this process.
  static func pair() throws -> (ConnectionCore, ConnectionCore) {
    do {
      let (near, far) = try MessageSocket.pair()
      let format = PairFormat()
      return (
        ConnectionCore(try .sharing(near.descriptor), DatagramLink(format)),
        ConnectionCore(try .sharing(far.descriptor), DatagramLink(format))
      )
    } catch let error as SystemError {
      throw MultiprocessingError.ofSocket("making a connection", error)
    }
  }

  typealias Sending = (Descriptor) throws -> LinkStep<Void>

  /// One attempt to send a value, to be repeated.
  func sending<Value: Codable & Sendable>(_ value: Value, _ coder: TransferCoder<Value>) throws -> Sending {
    sending(by: try link.sending(value, coder))
  }

  /// One attempt to send bytes.
  func sending(bytes: [UInt8]) throws -> Sending {
    sending(by: try link.sending(.bytes, TransferPayload(bytes: bytes)))
  }

  private func sending(by attempt: @escaping (Descriptor) throws -> Bool) -> Sending {
    { [self] descriptor in try closingIfBroken { try attempt(descriptor) ? .done(()) : .wait(.writing) } }
  }

  /// One attempt to receive one.
  func receiving(limit: Int?) -> (Descriptor) throws -> LinkStep<LinkMessage> {
    { [self] descriptor in
      try closingIfBroken { try link.receive(from: descriptor, limit: limit).map { .done($0) } ?? .wait(.reading) }
    }
  }

  /// Closes an end on which nothing that goes or comes means anything any more: the other side should know.
  private func closingIfBroken<Result>(_ attempt: () throws -> Result) throws -> Result {
    do { return try attempt() } catch {
      if (link as? StreamLink)?.isBroken == true { end.close() }
      throw error
    }
  }

  /// Readable, ended or at fault, now.
  var isReadable: Bool {
    guard let descriptor = end.existing else { return false }
    return withExtendedLifetime(descriptor) { !Polling.once(for: [descriptor.number], milliseconds: 0).isEmpty }
  }

  /// One look whether there is something to receive.
  func looking(_ descriptor: Descriptor) -> LinkStep<Void> {
    isReadable ? .done(()) : .wait(.reading)
  }
}

extension ConnectionCore: Codable {
  /// The same end, sent by another process.
  convenience init(from decoder: any Decoder) throws {
    let context = try TransferContext.current(decoder.userInfo)
    var container = try decoder.unkeyedContainer()
    let index = try container.decode(Int.self)
    let passport = try container.decode(LinkPassport.self)
    let received = try context.descriptor(at: index)
    do {
      self.init(try .sharing(received), passport.link)
    } catch let error as SystemError {
      throw MultiprocessingError.ofSocket("taking a connection over", error)
    }
  }

  func encode(to encoder: any Encoder) throws {
    let context = try TransferContext.current(encoder.userInfo)
    let passport = try link.passport(for: context.format)
    var container = encoder.unkeyedContainer()
    try container.encode(context.attach(end.descriptor()))
    try container.encode(passport)
  }
}
