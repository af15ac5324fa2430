internal import MultiprocessingSystem
internal import Synchronization

/// A listener without its types.
final class ListenerCore: Sendable {
  let end: ClosableDescriptor
  let address: SocketAddress
  let key: [UInt8]?
  let lastAccepted = Mutex<SocketAddress?>(nil)
  private let messageLimit: Int
  private let file: SocketFile?
  /// Copies of the process that made the file leave it alone.
  private let maker = ForkStamp()

  init(at address: SocketAddress, key: [UInt8]?, messageLimit: Int) throws {
    try Authentication.check(address, key)
    guard messageLimit >= 0 else {
      throw MultiprocessingError(.invalidArgument, "a limit of \(messageLimit) bytes for messages")
    }
    let names = try address.names(isListening: true)
    do {
      let socket = try StreamSocket.listening(at: names[0])
      end = ClosableDescriptor(socket.descriptor, "the listener at \(address)")
      self.address = address.isNetwork ? SocketAddress(try socket.name()) ?? address : address
    } catch let error as SystemError {
      let advice = error.isAddressInUse && address.path != nil ? " (remove the file if nobody listens any more)" : ""
      throw MultiprocessingError(.system, "listening at \(address): \(error)\(advice)", cause: error)
    }
    file = address.path.flatMap(SocketFile.init(at:))
    self.key = key
    self.messageLimit = messageLimit
  }

  deinit { close() }

  func close() {
    guard end.close(), !maker.isInherited else { return }
    file?.remove()
  }

  /// One attempt to take a client.
  ///
  /// - Throws: `authenticationFailed` for one of another user.
  func accepting(_ descriptor: Descriptor) throws -> LinkStep<ConnectionCore> {
    while true {
      do {
        let (socket, peer) = try StreamSocket(descriptor).accept()
        return .done(try admit(socket, peer))
      } catch let error as SystemError {
        if error.wouldBlock { return .wait(.reading) }
        if !error.isAborted { throw MultiprocessingError.ofSocket("accepting at \(address)", error) }
      }
    }
  }

  private func admit(_ socket: StreamSocket, _ peer: SocketName) throws -> ConnectionCore {
    if address.isNetwork { socket.prepareForNetwork() } else { try socket.requireTrustedPeer() }
    lastAccepted.withLock { $0 = SocketAddress(peer) }
    return ConnectionCore(socket.descriptor, StreamLink(limit: messageLimit))
  }

  func nobody(_ timeout: Duration?) -> MultiprocessingError {
    MultiprocessingError(.timedOut, "nobody connected to \(address) for \(timeout ?? .zero)")
  }
}

extension StreamSocket {
  /// - Throws: `authenticationFailed` for a peer of another user.
  func requireTrustedPeer() throws {
    do {
      if try isPeerTrusted() { return }
    } catch let error as SystemError {
      throw MultiprocessingError.ofSocket("looking who is at the other side", error)
    }
    throw MultiprocessingError(
      .authenticationFailed, "the process at the other side belongs to another user, who is not root")
  }
}
