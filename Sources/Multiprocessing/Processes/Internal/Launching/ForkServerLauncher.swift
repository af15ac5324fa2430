internal import MultiprocessingSystem
internal import Synchronization

/// Start method `forkServer`, the requester's side: asks this process's server for a copy of itself.
///
/// The request carries the child's descriptors and a socket of its own for the answer; so requests of several threads
/// need no order, and a child that is done before the server answers cannot be taken for the server. A server that died
/// is replaced. When it died with a request in hand, the page says which child exists, if any.
struct ForkServerLauncher: Launcher {
  func launch(_ plan: LaunchPlan) throws -> LaunchedChild {
    var attempts = 0
    while true {
      let server = try ForkServerConnection.current.server()
      var plan = plan
      server.completeEnvironment(of: &plan.parameters)
      let page = try plan.parameters.pageFile()
      attempts += 1
      let (own, theirs) = try MessageSocket.pair()
      do {
        try request(plan, page: page, answerOn: theirs, from: server)
        return LaunchedChild(id: try answer(on: FrameChannel(own), page: page, from: server), page: page)
      } catch let error as SystemError where error.isDisconnected && attempts < 5 {
        ForkServerConnection.current.discard(server)
      }
    }
  }

  private func request(
    _ plan: LaunchPlan, page: MemoryFile, answerOn socket: MessageSocket, from server: ForkServerConnection.Server
  ) throws {
    let standard = try StandardDescriptors(of: plan)
    let numbers = [standard.numbers[1], standard.numbers[2], plan.channel.number, page.descriptor.number]
    let copies = try (numbers + [plan.lifeline.number]).map(Descriptor.duplicating) + [socket.descriptor]
    try withExtendedLifetime(standard) { try server.control.send(header: [1], descriptors: copies) }
  }

  /// Waits for the server's answer, and for the server's death.
  private func answer(
    on channel: FrameChannel, page: MemoryFile, from server: ForkServerConnection.Server
  ) throws -> ProcessID {
    let numbers = [channel.socket.descriptor.number, server.control.descriptor.number]
    while true {
      let ready = try Polling.wait(for: numbers, timeout: nil)
      if ready.contains(0), case .frame(let frame) = try channel.receive(isBlocking: false) {
        return try id(in: frame)
      }
      if ready.contains(1) { return try idAfterDeath(of: server, page: page) }
    }
  }

  /// The server died with the request in hand. The child, if there is one, writes its id as its first act.
  private func idAfterDeath(of server: ForkServerConnection.Server, page: MemoryFile) throws -> ProcessID {
    for _ in 0..<1000 {
      if let id = ChildPage.read(from: page)?.processID, id > 0 { return id }
      _ = try Polling.wait(for: [], timeout: .milliseconds(1))
    }
    throw SystemError.disconnected
  }

  private func id(in frame: Frame) throws -> ProcessID {
    if frame.kind == .started { return frame.number }
    throw SystemError(call: "clone(CLONE_PARENT)", number: frame.number)
  }
}
