internal import MultiprocessingSystem

/// Called by `mp_server.c` on a thread of its own, once: see there.
// SAFETY: both pointers have room for a head, as `mp_server.h` says.
@_cdecl("mp_server_prepare")
func serverPrepare(started: UnsafeMutablePointer<UInt8>, failed: UnsafeMutablePointer<UInt8>) {
  ForkServer.warmUp()
  ForkServer.headOfFrame(.started).withUnsafeBufferPointer { started.update(from: $0.baseAddress!, count: $0.count) }
  ForkServer.headOfFrame(.startFailed).withUnsafeBufferPointer { failed.update(from: $0.baseAddress!, count: $0.count) }
}

/// Called by `mp_server.c` in a child that was cloned, on its main thread.
@_cdecl("mp_child_run")
func childRun(request: UnsafePointer<UInt8>, length: Int) {
  // SAFETY: the server received that many bytes.
  let request = CloneRequest(bytes: Array(UnsafeBufferPointer(start: request, count: length)))
  ChildMain.run(request.parameters)
}

/// Start method `forkServer`, the part of the server's side that is not C (`mp_server.c`). Nothing here may use a task,
/// Dispatch or Foundation: a copy of a process that has used them cannot.
enum ForkServer {
  static func headOfFrame(_ kind: Frame.Kind) -> [UInt8] { FrameHeader(Frame(kind), isInFile: false, length: 0).bytes }

  /// Work that every child would do at its start is done once here: its effects are copied, and each page that a child
  /// need not write costs it a microsecond less.
  static func warmUp() {
    ChildSetup.limitCore()
    ChildSetup.bufferLines()
    // With something in every list: what the first use of a kind of array makes is made here.
    let parameters = ChildParameters(
      role: .server, name: "ForkServer", path: [0], isDaemon: true,
      context: ProcessContext(.forkServer, environment: ["": ""]), printsErrors: false)
    if let parameters = try? ChildParameters(bytes: parameters.bytes) {
      ChildMain.adopt(parameters)
      ProcessRegistry.inherit(Descriptor(sharing: ChildSetup.registry))
      rehearseLoop(parameters)
    }
    try? rehearseTask()
  }

  /// Makes what a child makes, and drops it.
  private static func rehearseLoop(_ parameters: ChildParameters) {
    guard let (near, _) = try? MessageSocket.pair(), let page = try? OwnChildPage(mapping: ChildSetup.page)
    else { return }
    _ = (ChildLoop(parameters: parameters, channel: FrameChannel(near), page: page), RunningTask())
    page.setTask(0)
    _ = Polling.once(for: [near.descriptor.number], milliseconds: 0)
    EventLog.info("fork server ready")
    ExitSequence.runInChild()
  }

  /// Receives a task, finds it and answers, without running it: a task must not run in this process.
  private static func rehearseTask() throws {
    let (near, far) = try MessageSocket.pair()
    let (parent, child) = (FrameChannel(near), FrameChannel(far))
    let reference = try ClosureReference.of(PackVoidBox(body: {}))
    let envelope = TaskEnvelope(
      reference: reference, format: .sameBuild, payload: try encodeArguments(format: .sameBuild))
    try parent.send(envelope.frame(task: 1))
    var frames: [Frame] = []
    while case .frame(let frame) = try child.receive(isBlocking: false) { frames.append(frame) }
    for frame in frames { _ = try TaskEnvelope(frame).reference.entry() }
    try child.send(TaskOutcome.value(envelope.payload).frame(task: 1))
  }
}
