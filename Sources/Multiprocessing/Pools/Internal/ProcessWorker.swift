internal import MultiprocessingSystem
internal import Synchronization

/// One worker process, seen from its pool.
///
/// Frames go out in order and never make the sender wait: what the socket has no room for waits here, and is sent when
/// the worker has answered something. A worker answers what it was sent, so there is always such a moment.
final class ProcessWorker: Sendable {
  let id: PoolMachine.WorkerID
  let process: RunningProcess
  private let sink: WorkerSink
  private let isForeign: Bool
  /// What it is bound to.
  let processors: [Int]

  private struct State {
    var token: Reactor.Token?
    /// Runs until the process has greeted.
    var greetingTimer: Reactor.Token?
    var outbox: [Frame] = []
    var isSending = false
    var hasEnded = false
  }

  private let state = Mutex(State())

  init(
    id: PoolMachine.WorkerID, process: RunningProcess, isForeign: Bool, processors: [Int], sink: @escaping WorkerSink
  ) {
    self.processors = processors
    self.id = id
    self.process = process
    self.isForeign = isForeign
    self.sink = sink
  }

  func listen(greetingLimit: Duration) throws {
    let (token, timer): (Reactor.Token, Reactor.Token)
    do {
      timer = try Reactor.shared.schedule(at: ContinuousClock.now + greetingLimit) { [weak self] in self?.giveUp() }
      state.withLock { $0.greetingTimer = timer }
      token = try Reactor.shared.watch(process.channel.socket.descriptor) { [weak self] in self?.receive() }
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

  /// The process is gone: takes its last answers, then reports the loss.
  func end(_ exit: ProcessExit) {
    receive()
    stopListening()
    endGreeting()
    let running = exit.page?.task ?? 0
    sink(.lost(id, WorkerLoss(running: running == 0 ? nil : running, exit: exit)))
  }

  private func enqueue(_ frame: Frame) {
    state.withLock { $0.outbox.append(frame) }
    flush()
  }

  /// One thread sends at a time, outside the lock.
  private func flush() {
    while let frame = takeNext() {
      do {
        try process.channel.send(frame, isBlocking: false)
        putBack(nil)
      } catch let error as SystemError where error.wouldBlock {
        return putBack(frame)
      } catch let error as SystemError where error.isDisconnected {
        putBack(nil)  // it is dying: the loss follows
      } catch {
        putBack(nil)
        if frame.kind == .task {
          let failure = MultiprocessingError(.notTransferable, doing: "sending a task to \(process.name)", error)
          sink(.finished(id, frame.task, .thrown(failure), after: nil))
        }
      }
    }
  }

  private func takeNext() -> Frame? {
    state.withLock { state in
      guard !state.isSending, !state.outbox.isEmpty else { return nil }
      state.isSending = true
      return state.outbox.removeFirst()
    }
  }

  private func putBack(_ frame: Frame?) {
    state.withLock { state in
      state.isSending = false
      if let frame { state.outbox.insert(frame, at: 0) }
    }
  }

  private func receive() {
    do {
      while true {
        switch try process.channel.receive(isBlocking: false) {
        case .frame(let frame): accept(frame)
        case .nothing: return flush()
        case .end: return stopListening()
        }
      }
    } catch {
      // What it says makes no sense any more: its tasks fail with its end.
      stopListening()
      try? process.killTree()
    }
  }

  private func accept(_ frame: Frame) {
    switch frame.kind {
    case .ready:
      endGreeting()
      sink(.ready(id))
    case .value where !isForeign && frame.build != BuildIdentity.own.hash:
      let mismatch = MultiprocessingError(.startFailed, "\(process.name) runs another build of the program")
      sink(.finished(id, frame.task, .thrown(mismatch), after: nil))
    case .value: sink(.finished(id, frame.task, .payload(frame.payload, count: frame.count), after: frame.runTime))
    case .thrown:
      sink(.finished(id, frame.task, .thrown(ThrownError.received(in: frame.payload)), after: frame.runTime))
    case .returned: sink(.returned(id, frame.task))
    case .log: if let record = LogRecord(in: frame.payload) { sink(.logged(id, record, process.name)) }
    default: break
    }
  }

  private func stopListening() {
    let token = state.withLock { state in
      defer { (state.token, state.hasEnded) = (nil, true) }
      return state.token
    }
    if let token { Reactor.shared.cancel(token) }
  }
}
