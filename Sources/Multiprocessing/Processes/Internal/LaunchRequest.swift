internal import MultiprocessingSystem

/// What is asked of a start: everything about the child but how it comes to be.
struct LaunchRequest {
  var role: ChildParameters.Role
  var name: String
  var path: [Int] = []
  var isDaemon: Bool
  var context: ProcessContext
  /// Not the start method of the context: the fork server itself, or a closure to fork with.
  var launcher: (any Launcher)?
  /// No output: it has nothing of the user's to say.
  var isQuiet = false
  /// Print an error that the task throws.
  var printsErrors = false
  /// For a worker.
  var worker = WorkerSettings()
  /// Sent before the child exists, for it to find.
  var firstFrame: Frame?

  /// Descriptors and parameters of one try. What it opens lives in the plan alone.
  func plan() throws -> (plan: LaunchPlan, relay: StandardErrorRelay?) {
    let (own, theirs) = try MessageSocket.pair()
    let channel = FrameChannel(own)
    // A value that cannot be sent starts nothing.
    if let firstFrame { try channel.send(firstFrame, isBlocking: false) }
    // Before the parameters: they name this process by the id that it has then.
    let registry = try ProcessRegistry.forChild()
    let parameters = ChildParameters(
      role: role, name: name, path: path, isDaemon: isDaemon, context: context, printsErrors: printsErrors,
      worker: worker)
    let pipe = isQuiet || context.inheritsStandardError ? nil : try DescriptorIO.pipe()
    // The fork server lives as long as this process: it must not hold a pipe open that this process closes.
    let null = isQuiet ? try DescriptorIO.openNull() : nil
    let plan = LaunchPlan(
      context: context, parameters: parameters, channel: ChildEnd(theirs.descriptor), answers: channel,
      lifeline: try Lifeline.current().readingForChild(), registry: registry,
      standardError: pipe?.writing ?? null, standardOutput: null)
    return (plan, pipe.map { StandardErrorRelay(reading: $0.reading) })
  }
}

extension MultiprocessingError {
  /// The error of a start for which the system had no means.
  static func startFailure(of name: String, by method: StartMethod, _ cause: any Error) -> MultiprocessingError {
    let system = cause as? SystemError
    let advice =
      system?.isOutOfDescriptors == true
      ? "; close descriptors, or raise the limit of open files"
      : system?.isOutOfMemory == true ? "; the system is out of memory" : ""
    return MultiprocessingError(
      system?.isOutOfMemory == true ? .outOfMemory : .startFailed,
      "starting \(name) by \(method): \(cause)\(advice)", cause: cause)
  }
}
