internal import MultiprocessingSystem

/// One try to reach an address, at each place that it stands for.
struct Connecting {
  private let address: SocketAddress
  private let deadline: ContinuousClock.Instant?

  init(_ address: SocketAddress, until deadline: ContinuousClock.Instant?) {
    self.address = address
    self.deadline = deadline
  }

  func run() async throws -> StreamSocket {
    var last: (any Error)?
    for name in try await names() {
      do {
        let socket = try await connect(to: name)
        if name.isLocal { try socket.requireTrustedPeer() } else { socket.prepareForNetwork() }
        return socket
      } catch let error as SystemError {
        last = error
      }
    }
    guard let last else { throw MultiprocessingError(.system, "connecting to \(address): the host has no address") }
    throw MultiprocessingError(doing: "connecting to \(address)", last)
  }

  private func connect(to name: SocketName) async throws -> StreamSocket {
    while true {
      do {
        let (socket, isInProgress) = try StreamSocket.connecting(to: name)
        if isInProgress { try await finish(socket) }
        return socket
      } catch let error as SystemError where error.wouldBlock {
        // A local listener with as many waiting clients as it allows: there is nothing to wait on.
        if let deadline, ContinuousClock.now >= deadline { throw tooLate }
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  private func finish(_ socket: StreamSocket) async throws {
    let end = ClosableDescriptor(socket.descriptor, "the connection")
    do {
      guard try await end.wait(for: .writing, until: deadline) else { throw tooLate }
    } catch let error as SystemError {
      // No thread or memory for the wait, which looks like a listener that is busy.
      throw MultiprocessingError(doing: "waiting for the connection to \(address)", error)
    }
    try socket.checkConnected()
  }

  /// Looking a host up blocks, so a thread of its own does it.
  private func names() async throws -> [SocketName] {
    if let name = try address.localName() { return [name] }
    let found = Completion<Result<[SocketName], any Error>>()
    let address = address
    do {
      try SystemThread.start(named: "mp-lookup") {
        found.resolve(Result { try address.names(isListening: false) })
      }
    } catch {
      throw MultiprocessingError(doing: "looking up \(address)", error)
    }
    guard let deadline else { return try await found.wait().get() }
    guard let names = try await found.wait(timeout: ContinuousClock.now.duration(to: deadline)) else { throw tooLate }
    return try names.get()
  }

  private var tooLate: MultiprocessingError {
    MultiprocessingError(.timedOut, "connecting to \(address) took too long")
  }
}
