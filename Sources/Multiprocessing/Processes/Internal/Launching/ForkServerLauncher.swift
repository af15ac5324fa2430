internal import MultiprocessingSystem

/// Start method `forkServer`, the requester's side: asks this process's server for a copy of itself.
///
/// The request carries the child's descriptors, its channel among them. The child's first word is who it is, on that
/// channel; the server speaks there only to say that there is none. So requests of several threads need no order, and a
/// server that dies with a request in hand leaves either a child that speaks or the end of the channel.
///
/// A child may die, or be stopped, before its first word. It has run no code of the user's then, is killed and collected
/// here, and another is asked for. Who it was, its page says, in which the server and the child note it; as long as
/// neither has, it is in the server's group, and is ended with the server.
struct ForkServerLauncher: Launcher {
  func launch(_ plan: LaunchPlan) throws -> LaunchedChild {
    let server = try ForkServerConnection.current.server()
    var parameters = plan.parameters
    server.completeEnvironment(of: &parameters)
    let (request, inFile) = CloneRequest.of(parameters)
    let page = try ChildParameters.pageFile(with: inFile)
    do {
      try send(request, plan, page: page, to: server)
      // The last copy here: from now on the end of the channel means that nobody has it.
      plan.channel.release()
      return LaunchedChild(id: try answer(on: plan.answers, from: server, page), page: page)
    } catch {
      let child = ChildPage.owner(in: page)
      // A server that is gone may have made one that is not known.
      if child != nil || (error as? SystemError)?.isDisconnected ?? false {
        ForkServerConnection.current.discard(child, of: server)
      }
      throw error
    }
  }

  private func send(
    _ request: CloneRequest, _ plan: LaunchPlan, page: MemoryFile, to server: ForkServerConnection.Server
  ) throws {
    let standard = try StandardDescriptors(of: plan)
    let numbers = [standard.output, standard.error, try plan.channel.number, page.descriptor.number]
    try withExtendedLifetime((standard, plan, page)) {
      try server.control.send(header: request.bytes, numbers: numbers + [plan.lifeline.number])
    }
  }

  /// How long there may be silence before somebody looks whether who is to speak is stopped.
  private static let patience = Duration.milliseconds(250)

  private func answer(
    on channel: FrameChannel, from server: ForkServerConnection.Server, _ page: MemoryFile
  ) throws -> ProcessID {
    while try Polling.wait(for: [channel.socket.descriptor.number], timeout: Self.patience).isEmpty {
      // It would speak when it is continued, perhaps never: it is replaced, and all who wait for it try again.
      guard let child = ChildPage.owner(in: page) else {
        guard server.process.hasEnded || ProcessControl.isStopped(server.process.id) else { continue }
        ForkServerConnection.current.discard(nil, of: server)
        // It may have left the server's group just then, and be about to speak.
        if ChildPage.owner(in: page) == nil { break }
        continue
      }
      // Its first word, or the end, may be there by now: only they tell whether it had run anything.
      ForkServerConnection.current.killIfStopped(child)
      // A stopped server holds the channel open.
      if ProcessControl.isZombie(child) { break }
    }
    guard case .frame(let frame) = try channel.receive(isBlocking: false) else { throw SystemError.disconnected }
    if frame.kind == .started { return frame.number }
    throw SystemError(call: "clone(CLONE_PARENT)", number: frame.number)
  }
}
