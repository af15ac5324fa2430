internal import MultiprocessingSystem
internal import Synchronization

/// One worker process, seen from its pool: what goes to it, what comes from it, and its end.
///
/// Frames arrive in the order of their sending, both ways, by ring or by socket (`Rings/README.md`).
final class ProcessWorker: Sendable {
  let id: PoolMachine.WorkerID
  let process: RunningProcess
  /// Where there is memory for them.
  let rings: RingPair?
  let sink: WorkerSink
  private let isForeign: Bool
  /// What it is bound to.
  let processors: [Int]

  private struct State {
    var token: Reactor.Token?
    /// Runs until the process has greeted.
    var greetingTimer: Reactor.Token?
    var hasEnded = false
  }

  private let state = Mutex(State())
  let outgoing: Mutex<Outgoing>
  let incoming: Mutex<Incoming>
  let spinning = SpinBudget()
  private let files = PayloadFiles.Use(.usual)

  init(
    id: PoolMachine.WorkerID, process: RunningProcess, rings: RingPair?, isForeign: Bool, processors: [Int],
    sink: @escaping WorkerSink
  ) {
    self.processors = processors
    self.id = id
    self.process = process
    self.rings = rings
    self.isForeign = isForeign
    self.sink = sink
    outgoing = Mutex(Outgoing(isHeld: rings != nil))
    incoming = Mutex(Incoming())
  }

  func listen(greetingLimit: Duration) throws {
    let (token, timer): (Reactor.Token, Reactor.Token)
    do {
      timer = try Reactor.shared.schedule(at: ContinuousClock.now + greetingLimit) { [weak self] in self?.giveUp() }
      state.withLock { $0.greetingTimer = timer }
      token = try Reactor.shared.watch(process.channel.socket.descriptor) { [weak self] in self?.receive(true) }
    } catch {
      try? process.killTree()
      throw MultiprocessingError(.startFailed, doing: "listening to \(process.name)", error)
    }
    let isOver = state.withLock { state in
      if !state.hasEnded { state.token = token }
      return state.hasEnded
    }
    if isOver { for token in [token, timer] { Reactor.shared.cancel(token) } }
  }

  private func giveUp() {
    EventLog.warning("\(process.name) (pid \(process.id)) has not begun to work: it is killed")
    try? process.killTree()
  }

  private func endGreeting() {
    let timer = state.withLock { state in
      defer { state.greetingTimer = nil }
      return state.greetingTimer
    }
    if let timer { Reactor.shared.cancel(timer) }
  }

  func send(_ job: PoolJob, as item: PoolMachine.ItemID) {
    guard let envelope = job.envelope else { return }
    enqueue(envelope.frame(task: item))
  }

  /// The worker cancels the task, and raises SIGTERM for code that does not look at its cancellation.
  func stop(_ item: PoolMachine.ItemID) { enqueue(Frame(.cancel, task: item)) }

  func recall(_ item: PoolMachine.ItemID) { enqueue(Frame(.recall, task: item)) }

  func retire() { enqueue(Frame(.retire)) }

  /// How long a process that was killed may take to be gone: it may have much memory to give back.
  private static let deathPatience = Duration.seconds(5)

  /// One that is in uninterruptible sleep does not end before it wakes: it counts as lost, with what it had begun.
  func kill() {
    try? process.killTree()
    _ = try? Reactor.shared.schedule(at: ContinuousClock.now + Self.deathPatience) { [weak self] in self?.countAsLost()
    }
  }

  private func countAsLost() {
    if incoming.withLock({ $0.exit != nil || $0.isOver }) { return }
    EventLog.warning("\(process.name) (pid \(process.id)) was killed and does not end: it counts as lost")
    let running = process.task
    sink(.lost(id, WorkerLoss(running: running == 0 ? nil : running)))
    nudge()
  }

  /// The process is gone: takes its last answers, then reports the loss.
  func end(_ exit: ProcessExit) {
    incoming.withLock { incoming in
      incoming.exit = exit
      // Not without a last look.
      (incoming.hasNews, incoming.socketHasNews) = (true, true)
    }
    receive(true)
  }

  /// After its last answer.
  func reportLoss(_ exit: ProcessExit) {
    stopListening()
    stopWatchingForRoom(isOver: true)
    endGreeting()
    let running = exit.page?.task ?? 0
    var loss = WorkerLoss(running: running == 0 ? nil : running, exit: exit)
    let (complaint, lastWords) = incoming.withLock { ($0.complaint, $0.lastWords) }
    loss.exit?.complaint = complaint ?? lastWords
    loss.isDistrusted = complaint != nil
    sink(.lost(id, loss))
    nudge()
  }

  /// - Throws: what makes no sense.
  func accept(_ frame: Frame) throws {
    switch frame.kind {
    case .ready:
      try noteGreeting()
      endGreeting()
      begin(withRings: frame.number == 1)
      sink(.ready(id))
    case .value where !isForeign && frame.build != BuildIdentity.own.hash:
      let mismatch = MultiprocessingError(.startFailed, "\(process.name) runs another build of the program")
      sink(.finished(id, frame.task, .thrown(mismatch), after: nil))
    case .value:
      sink(.finished(id, frame.task, .payload(frame.payload.settled(), count: frame.count), after: frame.runTime))
    case .thrown where frame.task == 0:
      let error = ThrownError.error(in: frame.payload) as? MultiprocessingError
      incoming.withLock { $0.lastWords = error?.message }
    case .thrown:
      sink(.finished(id, frame.task, .thrown(ThrownError.received(in: frame.payload)), after: frame.runTime))
    case .returned: sink(.returned(id, frame.task))
    case .part, .failedPart: if let part = part(frame) { sink(.parts(id, frame.task, from: Int(frame.number), [part])) }
    case .rest: sink(.rest(id, frame.task, from: Int(frame.number)))
    case .log: if let record = LogRecord(in: frame.payload) { sink(.logged(id, record, process.name)) }
    default: break
    }
  }

  /// What an input of a series came to.
  func part(_ frame: Frame) -> JobResult? {
    switch frame.kind {
    case .part where isForeign || frame.build == BuildIdentity.own.hash: .payload(frame.payload.settled())
    case .failedPart: .thrown(ThrownError.received(in: frame.payload))
    default: nil
    }
  }

  /// A second greeting would begin the rings anew.
  private func noteGreeting() throws {
    let isSecond = incoming.withLock { incoming in
      defer { incoming.hasGreeted = true }
      return incoming.hasGreeted
    }
    if isSecond { throw MultiprocessingError(.notTransferable, "the worker greeted a second time") }
  }

  /// What was to be sent meanwhile goes when this round of taking is over.
  private func begin(withRings usesRings: Bool) {
    if usesRings, let rings { incoming.withLock { $0.ring = FrameRingReader(rings.answers) } }
    outgoing.withLock { outgoing in
      if usesRings, let rings { outgoing.ring = FrameRingWriter(rings.tasks) }
      outgoing.isHeld = false
    }
  }

  func stopListening() {
    let token = state.withLock { state in
      defer { (state.token, state.hasEnded) = (nil, true) }
      return state.token
    }
    if let token { Reactor.shared.cancel(token) }
  }
}
