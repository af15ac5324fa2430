internal import MultiprocessingSystem

/// Start method `forkServer`, the server's side. One thread; nothing here may use a task, Dispatch or Foundation: a copy
/// of a process that has used them cannot.
enum ForkServer {
  /// Serves requests until the requester is gone.
  static func serve() -> Never {
    // Only its requester may end it: neither Ctrl-C nor a stray SIGINT.
    ProcessControl.ignore(ProcessControl.interruptSignal)
    ChildSetup.setName("mp-forkserver")
    warmUp()
    let control = MessageSocket(Descriptor(owning: ChildSetup.channel))
    while let request = try? control.receive(isBlocking: true) { answer(request) }
    ProcessControl.exitNow(0)
  }

  /// Work that every child would do at its start is done once here: its effects are copied.
  private static func warmUp() {
    _ = BuildIdentity.own
    let parameters = ChildParameters(
      role: .task, name: "", path: [], isDaemon: false, context: ProcessContext(.forkServer), printsErrors: false)
    _ = try? parameters.pageFile()
  }

  private static func answer(_ request: MessageSocket.Message) {
    guard request.descriptors.count == 6 else { return }
    let channel = MessageSocket(request.descriptors[5])
    do {
      guard let id = try ProcessControl.cloneSibling() else { becomeChild(request.descriptors.map(\.number)) }
      send(Frame(.started, number: id), on: channel)
    } catch {
      send(Frame(.startFailed, number: (error as? SystemError)?.number ?? 0), on: channel)
    }
  }

  private static func send(_ frame: Frame, on channel: MessageSocket) {
    // The requester holds the other end; when it is gone, so are we at once.
    try? FrameChannel(channel).send(frame)
  }

  private static func becomeChild(_ numbers: [Int32]) -> Never {
    ProcessControl.leadGroup()
    ProcessControl.resetSignals()
    do {
      try ChildSetup.redirect(1, to: numbers[0])
      try ChildSetup.redirect(2, to: numbers[1])
      try ChildSetup.arrange(Array(numbers[2..<5]), from: ChildSetup.channel)
    } catch {
      ProcessControl.exitNow(72)
    }
    ChildMain.run()
  }
}
