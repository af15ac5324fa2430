internal import Logging
internal import MultiprocessingSystem
internal import Synchronization

/// Called by `mp_entry.c` where the program's `main` would run.
@_cdecl("mp_child_main")
func childMain() {
  ChildSetup.bufferLines()
  ChildSetup.limitCore()
  ChildMain.run(nil)
}

/// The main thread of a child: from its descriptors to the loop that serves the main actor.
enum ChildMain {
  /// Sets the process up and runs what the parent sends. The lifeline first: a child that nobody knows of yet must not
  /// outlive its parent. `bytes` are its parameters; nil when they are in the page file.
  static func run(_ bytes: [UInt8]?) -> Never {
    do {
      try ChildSetup.armLifeline(ChildSetup.lifeline)
    } catch {
      // A child that could outlive its parent must not run.
      ChildSetup.giveUp(.lifeline)
    }
    let channel = FrameChannel(MessageSocket(Descriptor(owning: ChildSetup.channel)))
    let file = MemoryFile(Descriptor(owning: ChildSetup.page))
    ProcessRegistry.inherit(Descriptor(sharing: ChildSetup.registry))
    guard let page = try? OwnChildPage(mapping: ChildSetup.page) else { ChildSetup.giveUp(.page) }
    page.catchCrashes()
    do {
      let parameters = try bytes.map(ChildParameters.init(bytes:)) ?? ChildParameters(from: file)
      try prepare(parameters)
      ChildLoop(parameters: parameters, channel: channel, page: page).run()
    } catch {
      let failure = MultiprocessingError(.startFailed, doing: "preparing the child", error)
      try? channel.send(TaskOutcome.thrown(failure).frame(task: 0))
      ProcessControl.exitNow(74)
    }
  }

  private static func prepare(_ parameters: ChildParameters) throws {
    ChildSetup.setName(parameters.name)
    adopt(parameters)
    ProcessRegistry.noteParent(parameters.parentOwner)
    if parameters.startMethod == .forkServer {
      if let environment = parameters.environment { ChildSetup.replaceEnvironment(environment) }
      if let directory = parameters.workingDirectory { try ChildSetup.changeDirectory(directory) }
    }
    try parameters.worker.apply()
    try applyLimits(parameters.limits)
    if let level = parameters.worker.logLevel.flatMap(Logger.Level.init(rawValue:)) {
      LogForwarding.isOn = true
      LoggingSystem.bootstrap { WorkerLogHandler(label: $0, logLevel: level) }
    }
    if let level = parameters.logLevel.flatMap(Logger.Level.init(rawValue:)) { logToStandardError(level: level) }
  }

  /// Makes this process the one its parent named.
  static func adopt(_ parameters: ChildParameters) {
    var identity = ProcessIdentity()
    identity.name = parameters.name
    identity.path = parameters.path
    identity.isDaemon = parameters.isDaemon
    identity.parentID = parameters.parentID
    identity.parentName = parameters.parentName
    identity.parallelism = parameters.worker.threads
    ProcessIdentity.current = identity
    OwnStart.method = parameters.startMethod
    ProcessContext.forgetDefault()
  }

  static func applyLimits(_ limits: ResourceLimits) throws {
    if let files = limits.openFiles { try ChildSetup.limitOpenFiles(files) }
    if let cpu = limits.cpuTime { try ChildSetup.limitCPU(seconds: cpu.wholeSecondsRoundedUp) }
    if let memory = limits.memory { try ChildSetup.limitData(memory) }
  }
}

/// How this process was started.
enum OwnStart {
  static var method: StartMethod? {
    get {
      // SAFETY: the number says all there is to say; it publishes no other memory.
      switch number.load(ordering: .relaxed) {
      case 1: .spawn
      case 2: .forkServer
      case 3: .fork
      default: nil
      }
    }
    set {
      let new: UInt8 =
        switch newValue {
        case .spawn?: 1
        case .forkServer?: 2
        case .fork?: 3
        default: 0
        }
      // SAFETY: as above.
      number.store(new, ordering: .relaxed)
    }
  }

  private static let number = Atomic<UInt8>(0)
}

extension Duration {
  var wholeSecondsRoundedUp: Int {
    if self >= .seconds(Int.max) { return .max }
    let (seconds, attoseconds) = components
    return Int(seconds) + (attoseconds > 0 ? 1 : 0)
  }
}
