internal import MultiprocessingSystem

extension RunningProcess {
  /// Starts a child by its context's start method and begins to watch it.
  ///
  /// - Throws: `startFailed` with the cause; then nothing is left of it.
  static func launch(
    role: ChildParameters.Role, name: String, path: [Int] = [], isDaemon: Bool, context: ProcessContext,
    by launcher: (any Launcher)? = nil, sockets: (own: MessageSocket, theirs: MessageSocket)? = nil,
    isQuiet: Bool = false, printsErrors: Bool = false, firstFrame: Frame? = nil
  ) throws -> RunningProcess {
    do {
      let (own, theirs) = try sockets ?? MessageSocket.pair()
      let channel = FrameChannel(own)
      // Before the child exists: the socket holds it, and a value that cannot be sent starts nothing.
      if let firstFrame { try channel.send(firstFrame, isBlocking: false) }
      let parameters = ChildParameters(
        role: role, name: name, path: path, isDaemon: isDaemon, context: context, printsErrors: printsErrors)
      let pipe = isQuiet || context.inheritsStandardError ? nil : try DescriptorIO.pipe()
      // The fork server lives as long as this process: it must not hold a pipe open that this process closes.
      let null = isQuiet ? try DescriptorIO.openNull() : nil
      let plan = LaunchPlan(
        context: context, parameters: parameters, channel: theirs.descriptor, answers: channel,
        lifeline: try Lifeline.current().readingForChild(), standardError: pipe?.writing ?? null,
        standardOutput: null)
      ExitSequence.register()
      let child = try (launcher ?? context.startMethod.launcher(for: context)).launch(plan)
      // Should it fail, the child's own binding at its start is left.
      try? ChildSetup.bindLifeline(plan.lifeline, to: child.id)
      return try adopt(child, plan: plan, relay: pipe.map { StandardErrorRelay(reading: $0.reading) })
    } catch let error as MultiprocessingError {
      throw error
    } catch {
      throw MultiprocessingError(.startFailed, doing: "starting \(name) by \(context.startMethod)", error)
    }
  }

  /// Takes a child on, or ends it when there are no descriptors to watch it by.
  static func adopt(_ child: LaunchedChild, plan: LaunchPlan, relay: StandardErrorRelay?) throws -> RunningProcess {
    let pidfd: Descriptor
    do {
      pidfd = try ProcessControl.watch(child.id)
    } catch {
      ProcessControl.killAndCollect(child.id)
      throw error
    }
    let process = RunningProcess(
      child: child, pidfd: pidfd, parameters: plan.parameters, channel: plan.answers, relay: relay)
    do {
      try process.watch()
    } catch {
      try? process.killTree()
      _ = process.waitBlocking()
      throw error
    }
    return process
  }
}
