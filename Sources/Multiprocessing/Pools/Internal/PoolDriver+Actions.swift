internal import MultiprocessingSystem
internal import Synchronization

extension PoolDriver {
  func perform(_ action: PoolMachine.Action) {
    switch action {
    case .start(let worker): start(worker)
    case .send(let item, let worker): send(item, to: worker)
    case .startTimer(let item, let turn, let duration): startTimer(item, turn: turn, duration)
    case .finish(let item, let ending): finish(item, ending)
    case .stop(let worker, let item): backend.stop(item, in: worker)
    case .recall(let worker, let item):
      // It may be the one that runs by the time that the worker hears of it.
      let isThere = state.withLock { state in
        guard state.machine.has(item, inHandOf: worker), let entry = state.entries[item] else { return false }
        // Once for each stay: a second one could reach it in the next.
        defer { entry.isRecalled = true }
        return !entry.isRecalled
      }
      if isThere { backend.recall(item, from: worker) }
    case .startGrace(let worker, let grace): startGrace(worker, grace)
    case .kill(let worker): backend.kill(worker)
    case .retire(let worker): retire(worker)
    case .terminate(let worker): backend.terminate(worker)
    case .retryStart(let round):
      after(.milliseconds(100 << min(round - 1, 4))) { $0.handle(.retryStart) }
    case .crashLoop: reportCrashLoop()
    case .end: end()
    }
  }

  private func retire(_ worker: WorkerID) {
    let isPrepared = state.withLock { state in
      state.insights.dismiss(worker, at: MonotonicClock.nanoseconds)
      if state.exitJobs.isEmpty || state.preparations.isEmpty || state.joined.contains(worker) { return true }
      if state.machine.workers[worker] != nil { state.leaving.insert(worker) }
      return false
    }
    if isPrepared { endAndLeave(worker) }
  }

  /// What it runs at its end may need what its initializer set.
  func endAndLeave(_ worker: WorkerID) {
    let jobs = state.withLock { $0.exitJobs.map(\.job) }
    for (index, job) in jobs.enumerated() { backend.send(job, as: Self.exitJob + ItemID(index), to: worker) }
    backend.retire(worker)
  }

  private func start(_ worker: WorkerID) {
    state.withLock { $0.insights.start(worker, at: MonotonicClock.nanoseconds) }
    do {
      try backend.start(worker) { self.take($0) }
    } catch {
      EventLog.warning("a worker could not be started: \(error)")
      handle(.startFailed(worker)) { state in
        state.insights.end(worker, at: MonotonicClock.nanoseconds)
        state.preparationsBefore[worker] = nil
        state.startError = error
        if state.isOpening { state.openingError = state.openingError ?? error }
      }
    }
  }

  private func send(_ item: ItemID, to worker: WorkerID) {
    let job = state.withLock { state -> PoolJob? in
      // What was asked of the worker that had it before is over.
      state.entries[item]?.isRecalled = false
      return state.entries[item]?.job
    }
    guard let job else { return }
    backend.send(job, as: item, to: worker)
  }

  private func startTimer(_ item: ItemID, turn: Int, _ duration: Duration) {
    guard let token = after(duration, { $0.handle(.deadline(item, turn: turn)) }) else { return }
    let old = state.withLock { state -> Reactor.Token? in
      guard let entry = state.entries[item] else { return token }
      defer { entry.timer = token }
      return entry.timer
    }
    if let old { Reactor.shared.cancel(old) }
  }

  /// A worker has one grace period at a time; its loss ends it.
  private func startGrace(_ worker: WorkerID, _ grace: PoolMachine.Grace) {
    guard let token = after(settings.gracePeriod, { $0.handle(.graceEnded(worker, grace)) }) else { return }
    let old = state.withLock { state in
      state.machine.workers[worker] == nil ? token : state.graces.updateValue(token, forKey: worker)
    }
    if let old { Reactor.shared.cancel(old) }
  }

  @discardableResult
  func after(_ delay: Duration, _ body: @escaping @Sendable (PoolDriver) -> Void) -> Reactor.Token? {
    // The reactor runs: workers are watched by it. Were it ever refused, the work would go on without its timer.
    try? Reactor.shared.schedule(at: ContinuousClock.now + delay) { [weak self] in self.map(body) }
  }

  private func finish(_ item: ItemID, _ ending: PoolMachine.Ending) {
    let (entry, reason, seriesEnd) = state.withLock { state -> (Entry?, (any Error)?, SeriesEnd?) in
      let entry = state.entries.removeValue(forKey: item)
      if let entry, entry.series != nil { return (entry, state.reason, state.endSeries(entry, ending)) }
      state.statistics.count(ending, entry?.answer, of: entry?.job.count ?? 1)
      return (entry, state.reason, nil)
    }
    guard let entry else { return }
    if let timer = entry.timer { Reactor.shared.cancel(timer) }
    let result = result(of: entry, ending, reason)
    entry.finish(result)
    guard let series = entry.series, let seriesEnd else { return }
    if case .failure(let error) = result { series.end(seriesEnd, error) } else { series.end(seriesEnd, nil) }
  }

  private func result(
    of entry: Entry, _ ending: PoolMachine.Ending, _ reason: (any Error)?
  ) -> Result<JobResult, any Error> {
    switch ending {
    case .answered:
      guard let answer = entry.answer else { return .failure(CancellationError()) }
      if case .thrown(let error) = answer { return .failure(error) }
      return .success(answer)
    case .lost: return .failure(lossError(of: entry))
    case .timedOut:
      return .failure(
        MultiprocessingError(
          .timedOut, "the task did not end in its time (TaskOptions.timeout): its worker was stopped"))
    case .cancelled: return .failure(CancellationError())
    case .unpinned: return .failure(WorkerGone())
    case .broken: return .failure(reason ?? Self.closed)
    }
  }

  private func lossError(of entry: Entry) -> any Error {
    guard let loss = entry.loss else {
      return MultiprocessingError(.childExited, "the worker ended before its task did")
    }
    let error = loss.error(task: entry.job.reference.symbolicDescription)
    // A stream tells the place of an input by that of its result.
    if entry.series != nil { return error }
    // Of several, as far as the worker itself has said it.
    let begun = loss.complaint == nil ? loss.page.map { Int(clamping: $0.part) } : nil
    return error.about(inputAt: begun.flatMap { (1...entry.job.count).contains($0) ? $0 - 1 : nil })
  }

  private func reportCrashLoop() {
    let limit = state.withLock { $0.machine.configuration.restartLimit }
    EventLog.critical("more than \(limit) workers ended without completing a task: the pool is closed")
  }

  private func end() {
    let finisher = state.withLock { state in
      defer { state.finisher = nil }
      return state.finisher
    }
    if let finisher { ExitSequence.current.removeFinisher(finisher) }
    logs.whenIdle { [ended] in ended.resolve(()) }
  }
}
