internal import MultiprocessingSystem

/// Start method `forkServer`, the server's side. One thread; nothing here may use a task, Dispatch or Foundation: a copy
/// of a process that has used them cannot.
enum ForkServer {
  /// Serves requests until the requester is gone.
  static func serve() -> Never {
    // Only its requester may end it: neither Ctrl-C nor a stray SIGINT. Blocked and not ignored, so that a SIGINT meant
    // for a new child waits until the child has reset its signals.
    ProcessControl.block(ProcessControl.interruptSignal)
    ChildSetup.setName("mp-forkserver")
    warmUp()
    let control = MessageSocket(Descriptor(owning: ChildSetup.channel))
    while let request = try? control.receive(isBlocking: true) { answer(request) }
    ProcessControl.exitNow(0)
  }

  /// Work that every child would do at its start is done once here: its effects are copied. The first decoding of a type
  /// looks up metadata and conformances: a start took 1.9 ms without this, 1.3 ms with it.
  private static func warmUp() {
    _ = Executable.corePatternIsPipe
    let parameters = ChildParameters(
      role: .server, name: "", path: [], isDaemon: false, context: ProcessContext(.forkServer), printsErrors: false)
    _ = (try? parameters.pageFile()).flatMap { try? ChildParameters(from: $0) }
    try? rehearseTask()
  }

  /// Receives a task, finds it and answers, without running it: a task must not run in this process.
  private static func rehearseTask() throws {
    let (near, far) = try MessageSocket.pair()
    let (parent, child) = (FrameChannel(near), FrameChannel(far))
    let reference = try ClosureReference.of(PackVoidBox(body: {}))
    let envelope = TaskEnvelope(
      reference: reference, format: .sameBuild, description: reference.description,
      payload: try encodeArguments(format: .sameBuild))
    try parent.send(try envelope.frame(task: 1))
    guard case .frame(let frame) = try child.receive(isBlocking: false) else { return }
    _ = try TaskEnvelope(frame).reference.entry()
    try child.send(TaskOutcome.value(envelope.payload).frame(task: 1))
  }

  private static func answer(_ request: MessageSocket.Message) {
    guard request.descriptors.count == 5 else { return }
    let channel = MessageSocket(request.descriptors[2])
    do {
      if try ProcessControl.cloneSibling() == nil { becomeChild(request.descriptors.map(\.number)) }
    } catch {
      // The requester holds the other end; when it is gone, so are we at once.
      try? FrameChannel(channel).send(Frame(.startFailed, number: (error as? SystemError)?.number ?? 0))
    }
  }

  private static func becomeChild(_ numbers: [Int32]) -> Never {
    ProcessControl.leadGroup()
    ProcessControl.resetSignals()
    do {
      try ChildSetup.redirect(1, to: numbers[0])
      try ChildSetup.redirect(2, to: numbers[1])
      // The registry is the server's own: all its children are of one tree.
      try ChildSetup.arrange(numbers[2...] + [ChildSetup.registry], from: ChildSetup.channel)
    } catch {
      ProcessControl.exitNow(72)
    }
    ChildMain.run(announcesItself: true)
  }
}
