internal import MultiprocessingSystem
internal import Synchronization

/// What a child does between its start and its end: takes tasks from its channel and serves the main queue.
///
/// The loop runs on the main thread, so that the main actor is there; tasks begin on a thread of their own. A child of
/// `ChildProcess` runs one task and ends; a worker runs one after another until its parent retires it or is gone. A
/// worker's tasks come by a ring, which their thread reads by itself (`Rings/README.md`); the main thread hears the rest.
final class ChildLoop: Sendable {
  private let parameters: ChildParameters
  private let channel: FrameChannel
  private let page: OwnChildPage
  private let line: ParentLine
  private let thread = TaskThread()
  /// Tasks that run or wait, in the order of their sending. A worker runs one at a time.
  private let queue = Mutex(Queue())
  /// Readable after a SIGTERM, in a worker.
  private let termination: WakeUp?
  /// In a worker.
  private let files: PayloadFiles.Use?

  private struct Queue {
    var intake = TaskIntake()
    var running: (task: UInt64, handle: RunningTask)?
    /// What runs, where it is one.
    var series: Series?
    /// What runs was asked for before it was known to be one.
    var isRecalled = false
    var isRetired = false
    /// The socket cannot be read any more: contents of tasks may be lost.
    var isDeaf = false
    var isEnding = false

    /// True once, when it is retired and nothing is left: two threads may ask, the main one and that of the tasks. What is
    /// left in one that is deaf goes back to the pool with its end.
    mutating func takeEnd() -> Bool {
      guard isRetired, isDeaf || intake.isEmpty, !isEnding else { return false }
      isEnding = true
      return true
    }
  }

  init(parameters: ChildParameters, channel: FrameChannel, page: OwnChildPage) {
    self.parameters = parameters
    self.channel = channel
    line = ParentLine(channel)
    self.page = page
    files = parameters.role == .worker ? PayloadFiles.Use(.usual) : nil
    termination = parameters.role == .worker ? try? ProcessControl.catchTermination() : nil
    if parameters.role == .worker { LogForwarding.send = { self.forward($0) } }
  }

  private var isWorker: Bool { parameters.role == .worker }

  func run() -> Never {
    EventLog.info("child process calling self.run()")
    // Before any task, which might leave no descriptor for it.
    var mainQueue = MainQueue.handle
    if isWorker { greet() }
    var isListening = listen()
    while true {
      let isLacking = mainQueue == nil && MainQueue.isAvailable
      let numbers = [isListening ? channel.socket.descriptor.number : nil, termination?.descriptor.number, mainQueue]
      let watched = numbers.compactMap { $0 }
      let ready = Polling.once(for: watched, milliseconds: isLacking ? 10 : -1)
      if ready.isEmpty, isLacking {
        mainQueue = MainQueue.handle
        if mainQueue != nil { MainQueue.drain() }
      }
      for number in ready.map({ watched[$0] }) {
        if number == numbers[0] {
          isListening = listen()
        } else if number == mainQueue {
          MainQueue.drain()
        } else {
          termination?.clear()
          stopSoftly()
        }
      }
    }
  }

  /// Takes what a pool sends first, the memory of the rings, and says whether it is used: without descriptors or memory
  /// for it everything goes by the socket.
  private func greet() {
    var ready = Frame(.ready)
    do {
      guard case .frame(let frame) = try channel.receive(isBlocking: true), let file = frame.payload.descriptors.first
      else { return try channel.send(ready) }
      let rings = try RingPair(received: file)
      thread.use(rings.taskFlag, in: rings)
      try wakeThread()
      queue.withLock { $0.intake.use(FrameRingReader(rings.tasks)) }
      line.use(rings)
      ready.number = 1
    } catch {
      EventLog.warning("the memory of the pool's rings cannot be used: \(error)")
    }
    // One that its pool never hears of is of no use.
    if (try? channel.send(ready)) == nil { ProcessControl.exitNow(77) }
  }

  /// Takes what the parent sent; false when there will be no more. Finding nothing is an error to make and to throw: what
  /// has one task only does not look for more.
  private func listen() -> Bool {
    do {
      while true {
        switch try channel.receive(isBlocking: false) {
        case .frame(let frame):
          take(frame)
          if !isWorker { return true }
        case .nothing: return true
        case .end:
          // A worker has nothing to live for; a child finishes its task, and the lifeline ends it with its parent.
          if isWorker { retire() }
          return false
        }
      }
    } catch {
      let advice = (error as? SystemError)?.isOutOfDescriptors == true ? " (raise the limit of open files)" : ""
      let failure = MultiprocessingError(.system, doing: "it could not receive what it was sent\(advice)", error)
      try? line.send(TaskOutcome.thrown(failure).frame(task: 0))
      // A worker that cannot hear ends after its task; it would be sent tasks for ever.
      if isWorker {
        queue.withLock { $0.isDeaf = true }
        retire()
      }
      return !isWorker
    }
  }

  private func take(_ frame: Frame) {
    switch frame.kind {
    case .task:
      queue.withLock { $0.intake.add(frame) }
      startWaiting()
    case .cancel: cancel(frame.task)
    case .recall: giveBack(frame.task)
    case .retire: retire()
    default: break
    }
  }

  private func wakeThread() throws { try thread.wake({ self.next() }, spinningOn: { self.mark }) }

  /// Lets the thread take what waits. Where it cannot be started, that fails, and a worker is of no use: it would be idle
  /// again at once, and take what others could do.
  private func startWaiting() {
    do {
      try wakeThread()
    } catch {
      let failure = MultiprocessingError(
        .startFailed, doing: "there is no thread for the task (raise the limit of processes and threads)", error)
      for frame in queue.withLock({ $0.intake.removeAll() }) { answer(frame.task, .thrown(failure)) }
      if isWorker { ProcessControl.exitNow(77) }
    }
  }

  /// What the thread may spin on: the ring, when nothing runs.
  private var mark: (word: SharedWord, value: UInt32)? {
    queue.withLock { $0.running == nil && !$0.isRetired ? $0.intake.mark : nil }
  }

  /// The next task's first step when none runs; ends the process when it is retired and nothing is left.
  private func next() -> (@Sendable () -> Void)? {
    do {
      let (taken, isOver) = try queue.withLock { queue -> ((Frame, RunningTask)?, Bool) in
        guard queue.running == nil else { return (nil, false) }
        if queue.isDeaf { return (nil, queue.takeEnd()) }
        guard let frame = try queue.intake.next() else { return (nil, queue.takeEnd()) }
        let running = RunningTask()
        queue.running = (frame.task, running)
        return ((frame, running), false)
      }
      if isOver { end(code: 0) }
      guard let (frame, running) = taken else { return nil }
      page.setTask(frame.task)
      return { Task.immediateDetached { await self.execute(frame, running) } }
    } catch {
      // Somebody scribbled over the ring.
      try? channel.send(TaskOutcome.thrown(error).frame(task: 0))
      ProcessControl.exitNow(77)
    }
  }

  private func execute(_ frame: Frame, _ running: RunningTask) async {
    OwnChildPage.prepareThread()
    let start = MonotonicClock.nanoseconds
    let outcome = await running.run {
      do {
        let envelope = try TaskEnvelope(frame)
        let series = envelope.manner == .series ? self.series(frame.task) : nil
        guard LogForwarding.isOn else { return await envelope.run(series) }
        let task = LogForwarding.Task(number: frame.task, metadata: envelope.logMetadata)
        return await LogForwarding.$task.withValue(task) { await envelope.run(series) }
      } catch {
        return TaskOutcome.thrown(error)
      }
    }
    finish(frame.task, outcome, after: MonotonicClock.nanoseconds &- start)
  }

  private func finish(_ task: UInt64, _ outcome: TaskOutcome, after time: UInt64) {
    answer(task, outcome, after: time)
    page.setTask(0)
    queue.withLock { ($0.running, $0.series, $0.isRecalled) = (nil, nil, false) }
    startWaiting()
  }

  private func series(_ task: UInt64) -> Series {
    let series = Series(begin: { self.page.setPart($0) }, tell: { self.tell(task, $0, $1) })
    let isRecalled = queue.withLock { queue in
      queue.series = series
      return queue.isRecalled
    }
    if isRecalled { giveBack(rest: series, of: task) }
    return series
  }

  private func giveBack(rest series: Series, of task: UInt64) {
    try? line.send(Frame(.rest, task: task, number: Int32(clamping: series.cut())))
  }

  private func tell(_ task: UInt64, _ index: Int, _ result: Result<TransferPayload, any Error>) {
    ChildSetup.flushStreams()
    do {
      try line.send(TaskOutcome(result).part(index, of: task))
    } catch {
      let failure = MultiprocessingError(.notTransferable, doing: "sending the task's result", error)
      // Not even that: the end says it, with the inputs that have begun.
      if (try? line.send(TaskOutcome.thrown(failure).part(index, of: task))) == nil { ProcessControl.exitNow(77) }
    }
  }

  private func printError(of outcome: TaskOutcome) {
    guard case .thrown(let error) = outcome, parameters.printsErrors else { return }
    StandardStream.writeError(Array("\(parameters.name) ended by an error: \(error)\n".utf8))
  }

  /// Tells the parent how a task ended; a child of one task ends with that.
  private func answer(_ task: UInt64, _ outcome: TaskOutcome, after time: UInt64? = nil) {
    ChildSetup.flushStreams()
    if !outcome.crossesAsItself { printError(of: outcome) }
    defer {
      if outcome.crossesAsItself { printError(of: outcome) }
      if !isWorker { end(code: outcome.isValue ? 0 : 1) }
    }
    do {
      var frame = outcome.frame(task: task)
      frame.runTime = time
      try line.send(frame)
    } catch {
      // The value could not be sent (too many descriptors, no memory): its task fails, and the reason can be sent.
      let failure = MultiprocessingError(.notTransferable, doing: "sending the task's result", error)
      // Not even that (the task closed the channel): the end says it, with this task as the one that ran.
      if (try? line.send(TaskOutcome.thrown(failure).frame(task: task))) == nil, isWorker {
        ProcessControl.exitNow(77)
      }
    }
  }

  /// At once, so that it is there when the next instruction ends the process.
  private func forward(_ record: LogRecord) {
    var record = record
    // A detached task of the user's does not know whose it is; most likely of the one that runs.
    record.task = record.task ?? queue.withLock { $0.running?.task }
    try? line.send(Frame(.log, payload: TransferPayload(bytes: record.bytes, descriptors: [])))
  }

  /// A task that has begun is answered in its time; of a series what has not begun is given back.
  private func giveBack(_ task: UInt64) {
    if drop(task) { return (try? line.send(Frame(.returned, task: task))) ?? () }
    let series = queue.withLock { queue -> Series? in
      guard queue.running?.task == task else { return nil }
      if queue.series == nil { queue.isRecalled = true }
      return queue.series
    }
    if let series { giveBack(rest: series, of: task) }
  }

  /// True when the task waited, and does no longer. A ring that makes no sense is for the thread to find.
  private func drop(_ task: UInt64) -> Bool { queue.withLock { (try? $0.intake.drop(task)) ?? false } }

  /// A task that waits is dropped and answered; one that runs is asked to stop.
  private func cancel(_ task: UInt64) {
    if drop(task) { try? line.send(TaskOutcome.thrown(CancellationError()).frame(task: task)) }
    guard cancelRunning(only: task) else { return }
    guard let termination else { return }
    // For code that handles the signal and does not look at its task's cancellation. The parent does not send it: it
    // could arrive when the next task runs.
    ProcessControl.raise(ProcessControl.terminateSignal)
    termination.clear()
  }

  /// SIGTERM in a worker: the running task is asked to stop, and no other.
  private func stopSoftly() {
    termination?.clear()
    cancelRunning()
  }

  /// True when there was a task to cancel.
  @discardableResult
  private func cancelRunning(only task: UInt64? = nil) -> Bool {
    let running = queue.withLock { queue -> RunningTask? in
      guard let running = queue.running, task == nil || running.task == task else { return nil }
      return running.handle
    }
    running?.cancel()
    return running != nil
  }

  private func retire() {
    let isOver = queue.withLock { queue in
      queue.isRetired = true
      return queue.running == nil && queue.takeEnd()
    }
    if isOver { end(code: 0) }
    // What is left has a thread, or there would be nothing.
    startWaiting()
  }

  private func end(code: Int32) -> Never {
    EventLog.info("process shutting down")
    ExitSequence.runInChild()
    EventLog.info("process exiting with exit code \(code)")
    StandardErrorWriter.existing?.flush(timeout: .seconds(1))
    ProcessControl.exitChild(code)
  }
}

extension TaskOutcome {
  /// A user's error that need not be described to cross: its words, which are code of the user's, come behind it.
  var crossesAsItself: Bool {
    guard case .thrown(let error) = self else { return false }
    return error is any Codable & Error && !(error is MultiprocessingError)
  }

  var isValue: Bool {
    if case .value = self { return true }
    return false
  }
}
