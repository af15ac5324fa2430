package import MultiprocessingSystem
internal import Synchronization

/// A process this one started: its channel, its signals and, once, its exit.
///
/// States: *running*; *collecting*, while one thread reaps it and gathers what it left; *collected*. The step out of
/// running is taken under the lock by whoever sees the exit first: the reactor, or a thread that waits for this process.
/// Signals are sent under the same lock, in state running only and by the pidfd: somebody else may have reaped the process
/// (a `waitpid` for any child), and its id be a stranger's.
///
/// A forked copy of this process has the object, and nothing of what it names: the process is not its child, the pidfd is
/// closed there and its number may be another's, the lock may be held by a thread that the copy does not have. So there
/// the object only tells what was known when the copy was made.
package final class RunningProcess: Sendable {
  package let id: ProcessID
  package let name: String
  package let isDaemon: Bool
  package let channel: FrameChannel
  /// Set when the process has been collected.
  package let exit = Completion<ProcessExit>()

  private enum Phase { case running, collecting, collected }

  private struct State {
    var phase = Phase.running
    var pidfd: Descriptor?
    var token: Reactor.Token?
    var wasKilledByUs = false
  }

  private let state: Mutex<State>
  private let maker = ForkStamp()
  private let page: MemoryFile
  private let relay: StandardErrorRelay?
  private let limits: ResourceLimits
  /// False for the fork server: what is in its group is a child that has not yet left it.
  private let leavesPrograms: Bool

  init(
    child: LaunchedChild, pidfd: Descriptor, parameters: ChildParameters, channel: FrameChannel,
    relay: StandardErrorRelay?
  ) {
    id = child.id
    page = child.page
    name = parameters.name
    isDaemon = parameters.isDaemon
    limits = parameters.limits
    leavesPrograms = parameters.role != .server
    self.channel = channel
    self.relay = relay
    state = Mutex(State(pidfd: pidfd))
  }

  /// Begins to watch for the exit. The reactor keeps this object alive until then.
  func watch() throws {
    guard let pidfd = state.withLock({ $0.pidfd }) else { return }
    try relay?.start()
    let token = try Reactor.shared.watch(pidfd) { _ = self.collectIfEnded() }
    let isOver = state.withLock { state in
      if state.phase == .running { state.token = token }
      return state.phase != .running
    }
    if isOver { Reactor.shared.cancel(token) }
  }

  package var hasEnded: Bool { exit.value != nil || collectIfEnded() }

  /// This process is a forked copy of the one that started it.
  var isInherited: Bool { maker.isInherited }

  /// - Throws: `unsupported` in a forked copy.
  func requireOwn() throws {
    if isInherited {
      throw MultiprocessingError(
        .unsupported,
        """
        \(name) (pid \(id)) is not a child of this process, which is a forked copy of the one that started it: wait for \
        it and stop it there
        """)
    }
  }

  /// The task that it works on, as it says; 0 for none.
  package var task: UInt64 { ChildPage.read(from: page)?.task ?? 0 }

  /// Readable when the process ends; nil when it has been collected, and in a forked copy.
  package var pidfd: Descriptor? { isInherited ? nil : state.withLock { $0.pidfd } }

  /// Collects the process if it has ended. True when it was collected, by this call or before.
  @discardableResult
  package func collectIfEnded() -> Bool {
    guard let (pidfd, status) = beginCollecting() else { return exit.value != nil }
    if leavesPrograms, case .signaled = status {
      // Still a zombie, so the group is still ours: programs it started do not outlive a crash.
      try? ProcessControl.signal(-id, ProcessControl.killSignal)
    }
    noteDeath(status)
    _ = ProcessControl.exit(of: pidfd)
    let (token, wasKilledByUs) = state.withLock { state in
      defer { (state.phase, state.pidfd, state.token) = (.collected, nil, nil) }
      return (state.token, state.wasKilledByUs)
    }
    if let token { Reactor.shared.cancel(token) }
    exit.resolve(makeExit(status, wasKilledByUs: wasKilledByUs))
    return true
  }

  /// The calling thread waits until the end, and tells all others of it. Woken by the same exit, the reactor's thread would
  /// only be in its way: it takes the processor or the lock that this one needs.
  private func leaveWatching() {
    let token = state.withLock { state in
      defer { state.token = nil }
      return state.token
    }
    if let token { Reactor.shared.cancel(token) }
  }

  /// Who waits for what it held learns of it. Still a zombie, unless somebody else collected it.
  private func noteDeath(_ status: ProcessControl.Exit) {
    if case .unknown = status {
      ProcessRegistry.noteUnseenDeath(of: id)
    } else {
      ProcessRegistry.noteDeath(of: id)
    }
  }

  private func beginCollecting() -> (Descriptor, ProcessControl.Exit)? {
    if isInherited { return nil }
    return state.withLock { state in
      guard state.phase == .running, let pidfd = state.pidfd else { return nil }
      let status = ProcessControl.exit(of: pidfd, keep: true)
      if case .running = status { return nil }
      state.phase = .collecting
      return (pidfd, status)
    }
  }

  private func makeExit(_ status: ProcessControl.Exit, wasKilledByUs: Bool) -> ProcessExit {
    let (termination, cpu): (TerminationStatus, Duration) =
      switch status {
      case .exited(let code, let cpu): (.exited(code), cpu)
      case .signaled(let number, let cpu): (.signaled(number), cpu)
      case .running, .unknown: (.unknown, .zero)
      }
    return ProcessExit(
      id: id, name: name, status: termination, cpuTime: cpu, page: ChildPage.read(from: page),
      standardErrorTail: relay?.finish() ?? "", wasKilledByUs: wasKilledByUs,
      sawMemoryKill: termination == .signaled(ProcessControl.killSignal) && MemoryWatch.current.sawKill(),
      limits: limits)
  }

  /// Sends a signal; nothing when the process has ended.
  ///
  /// - Throws: `unsupported` in a forked copy; a `SystemError`.
  package func signal(_ number: Int32) throws {
    try requireOwn()
    try state.withLock { state in
      guard state.phase == .running, let pidfd = state.pidfd else { return }
      if number == ProcessControl.killSignal { state.wasKilledByUs = true }
      try ProcessControl.signal(pidfd, number)
    }
  }

  /// Kills the process and the programs it started, which are in its group.
  ///
  /// - Throws: `unsupported` in a forked copy; a `SystemError`.
  package func killTree() throws {
    try requireOwn()
    try state.withLock { state in
      guard state.phase == .running, let pidfd = state.pidfd else { return }
      state.wasKilledByUs = true
      // As long as nobody reaped it, the group's number is its own; it may be reaped as soon as it is killed. But before its
      // first instruction it is not yet in the group: so the group once more.
      try killGroup(of: pidfd)
      try ProcessControl.signal(pidfd, ProcessControl.killSignal)
      try killGroup(of: pidfd)
    }
  }

  private func killGroup(of pidfd: Descriptor) throws {
    if case .unknown = ProcessControl.exit(of: pidfd, keep: true) { return }
    try ProcessControl.signal(-id, ProcessControl.killSignal)
  }

  /// Blocks the calling thread until the process has ended; nil when `timeout` passes first, and at once in a forked copy.
  package func waitBlocking(timeout: Duration? = nil) -> ProcessExit? {
    if isInherited { return exit.value }
    let deadline = timeout.map { ContinuousClock.now + $0 }
    if timeout == nil { leaveWatching() }
    while exit.value == nil, let pidfd {
      let left = deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
      let ready = withExtendedLifetime(pidfd) { (try? Polling.wait(for: [pidfd.number], timeout: left)) ?? [0] }
      if ready.isEmpty { return exit.value }
      collectIfEnded()
    }
    return exit.waitBlocking(timeout: deadline.map { max(.zero, ContinuousClock.now.duration(to: $0)) })
  }
}
