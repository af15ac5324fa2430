internal import MultiprocessingSystem

/// Start method `fork`: a copy of this process, in which the calling thread runs the body and ends.
struct ForkLauncher: Launcher {
  /// Runs in the copy.
  let body: () -> TaskOutcome

  func launch(_ plan: LaunchPlan) throws -> LaunchedChild {
    let page = try ChildParameters.pageFile()
    Self.walkOnce
    if EventLog.level != nil { Self.warnOfThreads() }
    // The copy closes every private descriptor; these are copies of its own that are not.
    let numbers = [try plan.channel.number, page.descriptor.number, plan.lifeline.number, plan.standardError?.number]
    var own: [UnmarkedDescriptor?] = []
    // Of each that was made, when there is none left for the next.
    defer { for descriptor in own { descriptor?.close() } }
    for number in numbers { own.append(try number.map { try UnmarkedDescriptor(copying: $0) }) }
    // Here: what the copy allocates, it copies.
    let channel = own[0]?.number ?? -1
    let copy = ChildSetup.Copy(
      page: own[1]?.number ?? -1, lifeline: own[2]?.number ?? -1, standardError: own[3]?.number)
    _ = Executable.corePatternIsPipe  // read once here, not in every copy
    // What is in the buffers now would otherwise be written by both.
    ChildSetup.flushStreams()
    guard let id = try ProcessControl.fork() else { run(plan, copy, channel) }
    return LaunchedChild(id: id, page: page)
  }

  /// What the copy will do to answer, done here first: the runtime makes generic types under a lock of its own, and a copy
  /// taken while another thread held it would wait for ever (2 of 6 trials beside busy threads).
  private static let walkOnce: Void = {
    ProcessControl.rehearseChild()
    _ = (OwnStart.method, ProcessContext.default, ProcessIdentity.current, ThisProcess.currentID)
    _ = LogForwarding.send == nil
    _ = TaskOutcome.thrown(CancellationError()).frame(task: 0)
    _ = TaskOutcome.thrown(MultiprocessingError(.system, "")).frame(task: 0)
    _ = TaskOutcome.thrown(Sample()).frame(task: 0)
    _ = TaskOutcome.thrown(PlainSample()).frame(task: 0)
    _ = (ProcessFamily.current, ExitSequence.current, StandardErrorWriter.current)
    guard let (near, far) = try? MessageSocket.pair() else { return }
    try? FrameChannel(near).send(Frame(.value))
    _ = try? FrameChannel(far).receive(isBlocking: false)
  }()

  private struct Sample: Error, Codable { var number = 0 }
  private struct PlainSample: Error {}

  private static func warnOfThreads() {
    let threads = SystemThread.count
    guard threads > 1 else { return }
    EventLog.warning("forking a process that has \(threads) threads: locks they hold stay held in the child")
  }

  private func run(_ plan: LaunchPlan, _ copy: ChildSetup.Copy, _ channel: Int32) -> Never {
    guard ChildSetup.begin(copy) else { ChildSetup.giveUp(.copy, page: copy.page) }
    EventLog.forgetUsersLogger()
    // To the pool whose worker this is a copy of.
    if LogForwarding.send != nil { LogForwarding.send = nil }
    ChildMain.adopt(plan.parameters)
    finish(FrameChannel(MessageSocket(Descriptor(owning: channel))), plan.parameters.name)
  }

  private func finish(_ channel: FrameChannel, _ name: String) -> Never {
    EventLog.info("child process calling self.run()")
    let outcome = body()
    ChildSetup.flushStreams()
    func printError() {
      guard case .thrown(let error) = outcome else { return }
      StandardStream.writeError(Array("\(name) ended by an error: \(error)\n".utf8))
    }
    if !outcome.crossesAsItself { printError() }
    do {
      try channel.send(outcome.frame(task: 1))
    } catch {
      let failure = MultiprocessingError(.notTransferable, doing: "sending the task's result", error)
      try? channel.send(TaskOutcome.thrown(failure).frame(task: 1))
    }
    if outcome.crossesAsItself { printError() }
    EventLog.info("process shutting down")
    ExitSequence.runInChild()
    ChildSetup.flushStreams()
    let code: Int32 = outcome.isValue ? 0 : 1
    EventLog.info("process exiting with exit code \(code)")
    StandardErrorWriter.existing?.flush(timeout: .seconds(1))
    // Not `exit`: the parent's exit handlers were copied too.
    ProcessControl.exitNow(code)
  }
}
