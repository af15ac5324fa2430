internal import MultiprocessingSystem

/// A handshake over a stream, step by step. Used by one task or thread.
final class HandshakeRun {
  private var handshake: Handshake
  private let link: StreamLink
  private var sending: ((Descriptor) throws -> Bool)?

  init(_ side: Handshake.Side, key: [UInt8], over link: StreamLink) {
    handshake = Handshake(side, key: key)
    self.link = link
    sending = handshake.opening.map { link.sending($0.kind, $0.body) }
  }

  func step(_ descriptor: Descriptor) throws -> LinkStep<Void> {
    do {
      while true {
        if let sending {
          guard try sending(descriptor) else { return .wait(.writing) }
          self.sending = nil
        }
        if handshake.isDone { return .done(()) }
        guard let came = try link.next(from: descriptor, under: Handshake.rule) else { return .wait(.reading) }
        let reply = try handshake.accept(came.kind, came.body)
        sending = reply.map { link.sending($0.kind, $0.body) }
      }
    } catch let error as MultiprocessingError where [.closed, .disconnected].contains(error.code) {
      throw MultiprocessingError(
        .authenticationFailed, "the other side closed the connection: it may have another key, or none", cause: error)
    }
  }
}

/// What is required before a key can be used.
enum Authentication {
  /// - Throws: `unsupported` where the program cannot authenticate; `invalidArgument` over TCP without a key.
  static func check(
    _ address: SocketAddress, _ key: [UInt8]?, isAvailable: Bool = AuthenticationCode.isAvailable
  ) throws {
    guard key != nil || address.isNetwork else { return }
    guard isAvailable else {
      throw MultiprocessingError(
        .unsupported,
        """
        TCP addresses and authentication keys need the product MultiprocessingAuthentication: add it to the \
        dependencies of the target
        """)
    }
    if key == nil {
      throw MultiprocessingError(
        .invalidArgument, "anybody can reach \(address): give both sides the same authentication key")
    }
  }
}
