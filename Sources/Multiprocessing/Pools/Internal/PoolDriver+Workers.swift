internal import MultiprocessingSystem
internal import Synchronization

extension PoolDriver {
  /// Preparations answer as items of this number and above, so that they never meet a task's.
  private static let preparation: ItemID = 1 << 62

  /// What workers run at their end answers as items of this number and above.
  static let exitJob: ItemID = 1 << 61

  /// What a worker has to say.
  func take(_ event: WorkerEvent) {
    switch event {
    case .ready(let worker):
      state.withLock { ($0.prepared[worker], $0.startError) = (0, nil) }
      prepareNext(worker)
    case .finished(let worker, let item, let result, _) where item >= Self.preparation:
      prepared(worker, result)
    case .finished(_, let item, let result, _) where item >= Self.exitJob: left(item, result)
    case .logged(let worker, let record, let name): logs.add(record, worker: worker, process: name)
    case .finished(let worker, let item, let result, let time): finished(worker, item, result, after: time)
    case .parts(let worker, let item, let index, let results): takeParts(from: index, of: item, from: worker, results)
    case .rest(let worker, let item, let index): takeRest(of: item, from: index, worker)
    case .returned(let worker, let item): takeBack(item, from: worker)
    case .distrusted(let worker): handle(.distrust(worker))
    case .lost(let worker, let loss): lost(worker, loss)
    }
  }

  private func left(_ item: ItemID, _ result: JobResult) {
    let take = state.withLock { state -> (@Sendable (JobResult) -> Void)? in
      let index = Int(item - Self.exitJob)
      return index < state.exitJobs.count ? state.exitJobs[index].take : nil
    }
    take?(result)
  }

  private func finished(_ worker: WorkerID, _ item: ItemID, _ result: JobResult, after time: UInt64?) {
    // Let go of outside the lock: it may hold inputs of the user's.
    var forgotten: InsightsRecorder.Slow?
    handle(.answered(item, worker, after: time)) { state in
      // A second answer is none.
      guard state.machine.has(item, inHandOf: worker) else { return }
      let entry = state.entries[item]
      entry?.answer = result
      let count = min(result.count, entry?.job.count ?? 1)
      // The machine counts the answer, a worker's tasks are counted one by one.
      if count != 1 { state.machine.workers[worker]?.completed += count - 1 }
      if let time { forgotten = state.insights.record(entry?.job, by: worker, after: time, count: count) }
    }
    withExtendedLifetime(forgotten) {}
    if let limit = settings.maxWorkerMemory, let facts = backend.facts(of: worker), facts.privateMemory > limit {
      EventLog.debug("recycling a worker with \(facts.privateMemory) bytes of memory")
      handle(.recycle(worker))
    }
    watchIdleness(of: worker)
    watchSeries()
  }

  func watchIdleness(of worker: WorkerID) {
    guard settings.idleTimeout != nil else { return }
    let deadline = state.withLock { state -> ContinuousClock.Instant? in
      guard state.machine.workers[worker]?.isIdle == true else { return nil }
      return state.idleWatch?.rest(worker, at: .now)
    }
    if let deadline { lookForIdle(at: deadline) }
  }

  private func lookForIdle(at deadline: ContinuousClock.Instant) {
    _ = try? Reactor.shared.schedule(at: deadline) { [weak self] in self?.letIdleGo() }
  }

  private func letIdleGo() {
    guard let (idle, next) = state.withLock({ $0.idleWatch?.look(at: .now) }) else { return }
    for worker in idle {
      handle(.idle(worker))
      // Refused while something waits for another worker: it is looked at again.
      if state.withLock({ $0.machine.hasSurplus }) { watchIdleness(of: worker) }
    }
    if let next { lookForIdle(at: next) }
  }

  private func lost(_ worker: WorkerID, _ loss: WorkerLoss) {
    reportRestart(of: worker)
    let wasPreparing = loss.running.map { $0 >= Self.preparation } ?? false
    var grace: Reactor.Token?
    let running = state.withLock { $0.item(runBy: worker, loss) }
    handle(.lost(worker, running: running)) { state in
      state.prepared[worker] = nil
      state.preparationsBefore[worker] = nil
      state.joined.remove(worker)
      state.leaving.remove(worker)
      if let exit = loss.exit { state.lastExit = exit }
      state.idleWatch?.remove(worker)
      state.insights.end(worker, at: MonotonicClock.nanoseconds)
      grace = state.graces.removeValue(forKey: worker)
      if loss.isDistrusted { state.noteLoss(loss, ofAllIn: worker) }
      if let item = running ?? state.machine.workers[worker]?.inHand.first { state.entries[item]?.loss = loss.exit }
      if let exit = loss.exit, case .signaled = exit.status, !exit.wasKilledByUs { state.statistics.crashed += 1 }
    }
    if let grace { Reactor.shared.cancel(grace) }
    if wasPreparing { EventLog.warning("a worker ended while its initializer ran") }
  }

  /// Before the loss has any consequence: whoever hears of the last result finds the restart counted.
  private func reportRestart(of worker: WorkerID) {
    let observers = state.withLock { state in
      state.machine.workers[worker]?.mayBeReplaced == true ? Array(state.restartObservers.values) : []
    }
    for observer in observers { observer() }
  }

  /// Sends the worker its next preparation; when all are done, it joins.
  private func prepareNext(_ worker: WorkerID) {
    let job: PoolJob? = state.withLock { state in
      guard let done = state.prepared[worker],
        done < state.preparationsBefore[worker] ?? state.preparations.count
      else {
        state.prepared[worker] = nil
        return nil
      }
      return state.preparations[done]
    }
    if let job {
      backend.send(job, as: Self.preparation, to: worker)
    } else {
      let processID = backend.processID(of: worker)
      handle(.joined(worker)) { state in
        state.joined.insert(worker)
        state.insights.join(worker, at: MonotonicClock.nanoseconds, processID: processID)
      }
      if state.withLock({ $0.leaving.remove(worker) }) != nil { endAndLeave(worker) }
      watchIdleness(of: worker)
      watchSeries()
    }
  }

  private func prepared(_ worker: WorkerID, _ result: JobResult) {
    guard case .thrown(let received) = result else {
      state.withLock { $0.prepared[worker]? += 1 }
      return prepareNext(worker)
    }
    // Once in the life of a pool, and everybody is to get it.
    let error = received.decoded
    EventLog.critical("the initializer of a pool failed: \(error)")
    handle(.breakDown) { state in
      state.reason = state.reason ?? error
      // It is told to go, and not to prepare any further.
      state.joined.insert(worker)
    }
    if state.withLock({ $0.leaving.remove(worker) }) != nil { endAndLeave(worker) }
  }

  /// The workers that are there or on their way; every later one runs the job before its first task.
  func addPreparation(_ job: PoolJob) -> [WorkerID] {
    state.withLock { state in
      let present = state.machine.workers.filter { $0.value.state != .retiring }
      for (id, worker) in present where worker.state == .starting {
        state.preparationsBefore[id] = state.preparationsBefore[id] ?? state.preparations.count
      }
      state.preparations.append(job)
      return present.map(\.key).sorted()
    }
  }

  /// True while the item is the first in a worker's hand.
  func isRunning(_ item: ItemID) -> Bool { state.withLock { $0.machine.isRunning(item) } }

  /// Where an item's answer will come from; nil while it is with no worker.
  func watch(for item: ItemID) -> (any AnswerWatch)? {
    state.withLock { $0.machine.items[item]?.worker }.flatMap(backend.watch)
  }

  /// Blocks the calling thread, which takes answers from all workers by itself where it can.
  func waitBlocking(for completion: Completion<Void>) {
    let nudged = NudgedWatches()
    while !completion.isSet, SharedWait.isVectorSupported {
      let watches = state.withLock { $0.machine.workers.keys }.compactMap(backend.watch)
      guard watches.count <= SharedWait.mostWords else { break }
      // Known before the sleep; workers that are gone are let go.
      if nudged.set(watches) { completion.observe { _ in nudged.nudge() } }
      guard sleep(on: watches, unless: { completion.isSet }, until: nil) else { break }
    }
    nudged.set([])
    completion.waitBlocking()
  }

  /// Workers that are not on their way out, in the order of their starts.
  var workers: [(id: WorkerID, worker: PoolMachine.Worker)] {
    state.withLock { state in
      state.machine.workers.filter { $0.value.mayRetire }.sorted { $0.key < $1.key }
        .map { ($0.key, $0.value) }
    }
  }

  func observeRestarts(_ observer: @escaping @Sendable () -> Void) -> Int {
    state.withLock { state in
      let key = (state.restartObservers.keys.max() ?? 0) + 1
      state.restartObservers[key] = observer
      return key
    }
  }

  func stopObservingRestarts(_ key: Int) {
    let observer = state.withLock { $0.restartObservers.removeValue(forKey: key) }
    withExtendedLifetime(observer) {}
  }
}

extension PoolDriver.State {
  fileprivate mutating func noteLoss(_ loss: WorkerLoss, ofAllIn worker: PoolMachine.WorkerID) {
    for item in machine.workers[worker]?.inHand ?? [] { entries[item]?.loss = loss.exit }
  }
}

/// What an item ends with that was meant for a worker which ended before.
struct WorkerGone: Error {}
