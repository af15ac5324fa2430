extension PoolMachine {
  enum Event: Sendable {
    /// The pool was made.
    case open
    case submit(ItemID, Traits)
    /// The worker can take tasks.
    case joined(WorkerID)
    /// The worker is gone, or could not be started; it ran this item.
    case lost(WorkerID, running: ItemID?)
    /// What the worker says makes no sense: its loss follows, and it may have run anything that it has in hand.
    case distrust(WorkerID)
    /// The worker could not be started.
    case startFailed(WorkerID)
    /// After so many nanoseconds of work; nil where it did not run.
    case answered(ItemID, WorkerID, after: UInt64?)
    /// The worker gave back an item that it had not begun.
    case returned(ItemID, WorkerID)
    /// The worker has begun an item that it was asked for.
    case kept(ItemID)
    case deadline(ItemID, turn: Int)
    case graceEnded(WorkerID, Grace)
    case cancel(ItemID)
    /// Retire the worker after what it has in hand.
    case recycle(WorkerID)
    case idle(WorkerID)
    case resize(Int)
    case retryStart
    /// A map has ended.
    case endWork
    case close, cancelPending, cancelAll, terminate
    /// The pool cannot go on: its initializer failed.
    case breakDown
  }

  /// Takes one event.
  mutating func handle(_ event: Event) -> [Action] {
    var actions: [Action] = []
    switch event {
    case .open: break
    case .retryStart: isHoldingStarts = false
    case .submit(let item, let traits): submit(item, traits, &actions)
    case .joined(let worker): join(worker)
    case .distrust(let worker): workers[worker]?.isDistrusted = true
    case .lost(let worker, let running): lose(worker, running, &actions)
    case .startFailed(let worker): failStart(worker, &actions)
    case .answered(let item, let worker, let time): answer(item, worker, after: time, &actions)
    case .returned(let item, let worker): takeBack(item, worker, &actions)
    case .kept(let item): items[item]?.isRecalled = false
    case .deadline(let item, let turn): passDeadline(item, turn, &actions)
    case .graceEnded(let worker, let grace): endGrace(worker, grace, &actions)
    case .cancel(let item): stop(item, .cancelled, &actions)
    case .recycle(let worker): if workers[worker]?.state == .ready { retire(worker, &actions) }
    case .idle(let worker): letGo(worker, &actions)
    case .resize(let count): resize(count, &actions)
    case .endWork: works -= 1
    case .close: if phase == .open { phase = .closed }
    case .cancelPending: for item in items.keys.sorted() where !isRunning(item) { stop(item, .cancelled, &actions) }
    case .cancelAll: for item in items.keys.sorted() { stop(item, .cancelled, &actions) }
    case .terminate: terminate(&actions)
    case .breakDown: breakDown(&actions)
    }
    settle(&actions)
    return actions
  }

  private mutating func join(_ worker: WorkerID) {
    failedStarts = 0
    if workers[worker]?.state == .starting { workers[worker]?.state = .ready }
  }

  private mutating func submit(_ item: ItemID, _ traits: Traits, _ actions: inout [Action]) {
    items[item] = Item(traits: traits)
    enter(traits)
    guard accepts(traits) else { return finish(item, phase == .broken ? .broken : .cancelled, &actions) }
    if let pinned = traits.pinnedTo, workers[pinned].map({ $0.state == .retiring }) ?? true {
      return finish(item, .unpinned, &actions)
    }
    pending.append(item, priority: traits.priority, kind: traits.kind)
    wanted = configuration.workers
  }

  private mutating func answer(_ item: ItemID, _ id: WorkerID, after time: UInt64?, _ actions: inout [Action]) {
    guard let place = workers[id]?.release(item, isAnswer: true) else { return }
    consecutiveLosses = 0
    if let time, let pace = items[item]?.traits.pace {
      paces[pace]?.record(time)
      findLargestWindow()
    }
    finish(item, .answered, &actions)
    goOn(id, after: place, &actions)
  }

  /// One that was given up meanwhile is over already.
  private mutating func takeBack(_ item: ItemID, _ id: WorkerID, _ actions: inout [Action]) {
    guard let place = workers[id]?.release(item, isAnswer: false) else { return }
    giveBack(item, &actions)
    goOn(id, after: place, &actions)
  }

  /// What follows when an item has left a worker's hand.
  private mutating func goOn(_ id: WorkerID, after place: Int, _ actions: inout [Action]) {
    guard let worker = workers[id] else { return }
    if let next = worker.inHand.first, place == 0 { begin(next, in: id, &actions) }
    let isSpent = configuration.maxTasksPerWorker.map { worker.completed >= $0 } ?? false
    // A worker that was given up and came back is one too many.
    let isSurplus = worker.state == .ready && usableWorkers > wanted
    if worker.state == .ready, worker.inHand.isEmpty, isSpent || isSurplus { retire(id, &actions) }
    if worker.state == .retiring { expectEnd(id, &actions) }
  }

  /// An item comes up in its worker. One that was given up while it waited there may have begun before the worker heard.
  private mutating func begin(_ item: ItemID, in id: WorkerID, _ actions: inout [Action]) {
    if items[item] != nil { return startTimer(item, &actions) }
    recallRest(behind: item, in: id, &actions)
    giveUp(item, in: id, &actions)
  }

  private mutating func lose(_ id: WorkerID, _ running: ItemID?, _ actions: inout [Action]) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    keys = keys.filter { $0.value != id }
    // Back to the front in their order, without blame; the one that ran is judged.
    let stranded = running == nil && worker.state == .ready ? worker.inHand.first : nil
    for item in worker.inHand.reversed() {
      if item == running || worker.isDistrusted || item == stranded && isStrandedAgain(item) {
        judge(item, &actions)
      } else {
        giveBack(item, &actions)
      }
    }
    unpinAll(from: id, &actions)
    if !worker.isCondemned, worker.state != .retiring { countLoss(&actions) }
  }

  /// One that no worker can receive ends each that it is sent to: after so many it is to blame, and not the pool.
  private mutating func isStrandedAgain(_ item: ItemID) -> Bool {
    guard let before = items[item]?.strandings else { return false }
    items[item]?.strandings += 1
    return before + 1 >= Self.mostStrandings
  }

  private static let mostStrandings = 5

  /// The item may have ended its worker, or had an effect there.
  private mutating func judge(_ id: ItemID, _ actions: inout [Action]) {
    guard let item = items[id] else { return }
    if item.losses < item.traits.retries && phase != .broken {
      items[id]?.losses += 1
      retries += 1
      giveBack(id, &actions)
    } else {
      finish(id, .lost, &actions)
    }
  }

  private mutating func giveBack(_ item: ItemID, _ actions: inout [Action]) {
    guard let entry = items[item] else { return }
    if entry.isCancelledWhenReturned { return finish(item, .cancelled, &actions) }
    items[item]?.worker = nil
    items[item]?.isRecalled = false
    pending.prepend(item, priority: entry.traits.priority, kind: entry.traits.kind)
  }

  private mutating func unpinAll(from id: WorkerID, _ actions: inout [Action]) {
    for item in pending.all where items[item]?.traits.pinnedTo == id {
      _ = pending.remove(item)
      finish(item, .unpinned, &actions)
    }
  }

  private mutating func countLoss(_ actions: inout [Action]) {
    consecutiveLosses += 1
    guard consecutiveLosses > configuration.restartLimit, phase != .broken else { return }
    actions.append(.crashLoop)
    breakDown(&actions)
  }

  /// A worker that could not be started is not tried again at once: the lack of descriptors or memory may pass. What keeps
  /// several from starting that were to start together counts once, and they are tried again together.
  private mutating func failStart(_ id: WorkerID, _ actions: inout [Action]) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    unpinAll(from: id, &actions)
    if isHoldingStarts { return }
    isHoldingStarts = true
    failedStarts += 1
    if !worker.isCondemned, worker.state != .retiring { countLoss(&actions) }
    if phase != .broken { actions.append(.retryStart(round: failedStarts)) }
  }

  /// Ends an item now; a worker that runs it is stopped, against its will if need be.
  private mutating func stop(_ item: ItemID, _ ending: Ending, _ actions: inout [Action]) {
    guard let entry = items[item] else { return }
    if pending.remove(item) { return finish(item, ending, &actions) }
    finish(item, ending, &actions)
    guard let id = entry.worker else { return }
    recallRest(behind: item, in: id, &actions)
    actions.append(.stop(id, item))
    // One that waits in the worker's hand is dropped there and answered; only the running one may resist.
    giveUp(item, in: id, &actions)
  }

  /// The time of an item ends it in a worker only, not while it waits for another after a loss.
  private mutating func passDeadline(_ item: ItemID, _ turn: Int, _ actions: inout [Action]) {
    guard let entry = items[item], entry.turn == turn, entry.worker != nil else { return }
    stop(item, .timedOut, &actions)
  }

  private mutating func endGrace(_ id: WorkerID, _ grace: Grace, _ actions: inout [Action]) {
    switch grace {
    case .answer(let item):
      // A finished item that is still in hand has not been answered.
      if workers[id]?.inHand.first == item, items[item] == nil { condemn(id, &actions) }
    case .end where workers[id]?.isLeaving == true:
      actions += [.terminate(id), .startGrace(id, .termination)]
    case .termination where workers[id]?.isLeaving == true: condemn(id, &actions)
    case .end, .termination: break
    }
  }

  private mutating func condemn(_ id: WorkerID, _ actions: inout [Action]) {
    workers[id]?.isCondemned = true
    actions.append(.kill(id))
  }

  private mutating func letGo(_ id: WorkerID, _ actions: inout [Action]) {
    guard workers[id]?.isIdle == true, pending.isEmpty, hasSurplus else { return }
    wanted -= 1
    retire(id, &actions)
  }

  private mutating func resize(_ count: Int, _ actions: inout [Action]) {
    (configuration.workers, wanted) = (count, count)
    let idleFirst = workers.filter { $0.value.state == .ready || $0.value.state == .starting }
      .sorted { ($0.value.inHand.count, -$0.key) < ($1.value.inHand.count, -$1.key) }
    for (id, _) in idleFirst.prefix(max(0, usableWorkers - count)) { retire(id, &actions) }
  }

  private mutating func terminate(_ actions: inout [Action]) {
    if phase == .open { phase = .closed }
    leavesWorks = true
    for item in items.keys.sorted() {
      _ = pending.remove(item)
      finish(item, .cancelled, &actions)
    }
    for id in workers.keys.sorted() { condemn(id, &actions) }
  }

  private mutating func breakDown(_ actions: inout [Action]) {
    phase = .broken
    for item in items.keys.sorted() {
      _ = pending.remove(item)
      finish(item, .broken, &actions)
    }
    for id in workers.keys.sorted() where !workers[id]!.inHand.isEmpty { condemn(id, &actions) }
  }
}
