/// The dispatcher of a pool as a pure state machine: events in, actions out, nothing performed.
///
/// ```
///   submit ──▶ pending ──▶ in hand of a worker (first in, first run) ──▶ finish(item, …)
///                ▲  │                   │
///                │  └── cancel ─────────┼──▶ finish(item, cancelled)
///                └── worker lost: the item it ran fails or is tried again, the others come back to the front;
///                    recalled: an item that was given ahead comes back for a worker that has nothing to do
/// ```
///
/// A worker is *starting*, *ready* (with what it has in hand), *stopping* (its first item was cancelled or timed out: it
/// was asked to stop and is killed when the grace period ends) or *retiring* (no more work; it ends by itself, and when it
/// has nothing in hand and does not, it is terminated and then killed). The pool is *open*, *closed* (what was submitted
/// finishes) or *broken* (with the reason, which every item gets).
///
/// Invariants: every submitted item gets exactly one `finish`; an item is in hand of one worker at most; an item that a
/// worker may have begun is not given to another before that worker is lost or has answered; a worker that can be killed
/// and has nothing in hand, or only what was given up, is gone two grace periods after it was told to go.
struct PoolMachine {
  typealias ItemID = UInt64
  typealias WorkerID = Int

  struct Configuration: Sendable {
    var workers: Int
    var minWorkers = 0
    /// A worker can be stopped against its will. Threads cannot.
    var canKill = true
    var restartLimit = 10
    var maxTasksPerWorker: Int?
  }

  /// What the machine knows of an item.
  struct Traits: Sendable {
    var retries = 0
    var timeout: Duration?
    var priority: UInt8 = 0
    var affinityKey: String?
    /// How many items of its kind a worker may have in hand.
    var window = 1
    /// Of the map or stream that it belongs to, where that decides instead of `window`.
    var pace: Pace.ID?
    /// Several inputs of a map, which go from one worker to another as one.
    var isChunk = false
    /// Of a map in progress: taken on also when the pool was closed meanwhile.
    var isOfWork = false
    /// Runs in this worker or, when that ends first, nowhere.
    var pinnedTo: WorkerID?

    var kind: PendingItems.Kind { PendingItems.Kind(pace: pace, window: window) }
  }

  /// Why an item is over.
  enum Ending: Sendable, Equatable {
    /// The worker answered; the driver has the answer.
    case answered
    /// Its worker was lost and it has no retries left.
    case lost
    case timedOut, cancelled
    /// The pool broke; the driver knows why.
    case broken
    /// The worker it was pinned to ended.
    case unpinned
  }

  /// What a worker has a grace period for.
  enum Grace: Sendable, Equatable {
    /// To answer an item that was given up; else it is killed.
    case answer(ItemID)
    /// To end by itself; else it is terminated.
    case end
    /// To end for the signal; else it is killed.
    case termination
  }

  enum Action: Sendable, Equatable {
    case start(WorkerID)
    case send(ItemID, WorkerID)
    case startTimer(ItemID, turn: Int, Duration)
    case finish(ItemID, Ending)
    /// Ask the worker to give up the item.
    case stop(WorkerID, ItemID)
    /// Ask the worker for the item back, unless it has begun it.
    case recall(WorkerID, ItemID)
    case startGrace(WorkerID, Grace)
    case kill(WorkerID)
    /// Tell the worker to end when it has done what it has in hand.
    case retire(WorkerID)
    /// Remind it by SIGTERM.
    case terminate(WorkerID)
    /// Try again a little later to have as many workers as wanted: later with each round of starts that failed.
    case retryStart(round: Int)
    /// The restart limit: the driver must say so to everybody.
    case crashLoop
    /// Closed, and the last worker is gone.
    case end
  }

  enum Phase: Equatable { case open, closed, broken }

  var configuration: Configuration
  /// How many workers there should be now: the configured number, less those let go for being idle.
  var wanted: Int
  var phase = Phase.open
  var items = NumberedTable<ItemID, Item>()
  var workers = NumberedTable<WorkerID, Worker>()
  var pending = PendingItems()
  var keys: [String: WorkerID] = [:]
  var consecutiveLosses = 0
  /// A start failed: no other is tried before `retryStart`.
  var isHoldingStarts = false
  /// How often starts failed since a worker joined.
  var failedStarts = 0
  /// Of the maps and streams that have items here.
  var paces: [Pace.ID: Pace] = [:]
  /// The largest that an item without a pace had.
  var largestFixedWindow = 1
  /// A worker with so many in hand gets nothing, whatever waits.
  var largestWindow = 1
  /// Maps in progress: what they have not submitted yet was taken on with them.
  var works = 0
  /// They are not waited for: the pool was terminated, or the program ends, maybe with the thread that a map needs.
  var leavesWorks = false
  private var nextWorker = 1
  private var hasEnded = false
  var retries = 0

  init(_ configuration: Configuration) {
    self.configuration = configuration
    wanted = configuration.workers
  }

  func accepts(_ traits: Traits) -> Bool {
    phase == .open || phase == .closed && traits.isOfWork && works > 0 && !leavesWorks
  }

  /// Workers that are not on their way out.
  var usableWorkers: Int {
    var count = 0
    for (_, worker) in workers where worker.isUsable(canKill: configuration.canKill) { count += 1 }
    return count
  }

  /// There are more workers than have to stay when they are idle.
  var hasSurplus: Bool { usableWorkers > max(1, configuration.minWorkers) }

  /// The first in a worker's hand runs, as far as anybody here can know.
  func isRunning(_ item: ItemID) -> Bool {
    guard let worker = items[item]?.worker else { return false }
    return workers[worker]?.inHand.first == item
  }

  mutating func takeWorkerID() -> WorkerID {
    defer { nextWorker += 1 }
    return nextWorker
  }

  /// What follows every event: missing workers start, ready ones get work, and a closed pool without work ends.
  mutating func settle(_ actions: inout [Action]) {
    if phase == .open || !items.isEmpty { startMissing(&actions) }
    giveOut(&actions)
    recall(&actions)
    if phase != .open, items.isEmpty, works == 0 || phase == .broken || leavesWorks {
      // One that was asked to stop ends by its answer or by the end of its grace period.
      for id in workers.keys.sorted() where workers[id]?.mayRetire == true {
        retire(id, &actions)
      }
      if workers.isEmpty, !hasEnded {
        hasEnded = true
        actions.append(.end)
      }
    }
  }

  private mutating func startMissing(_ actions: inout [Action]) {
    guard phase != .broken, !isHoldingStarts else { return }
    while usableWorkers < wanted {
      let id = takeWorkerID()
      workers[id] = Worker()
      actions.append(.start(id))
    }
  }

  /// Gives ready workers what they may have in hand, one after another and the emptiest hands first.
  private mutating func giveOut(_ actions: inout [Action]) {
    guard !pending.isEmpty else { return }
    // What a lone task costs.
    if pending.count == 1, let id = emptiestHand, giveNext(to: id, &actions) { return }
    // Loops and no closures, for which the whole machine would be copied, with each event.
    var takers: [(inHand: Int, id: WorkerID)] = []
    for (id, worker) in workers where worker.takesWork { takers.append((worker.inHand.count, id)) }
    while !pending.isEmpty, !takers.isEmpty {
      takers.sort(by: <)
      var rest: [(inHand: Int, id: WorkerID)] = []
      for taker in takers where giveNext(to: taker.id, &actions) { rest.append((taker.inHand + 1, taker.id)) }
      takers = rest
    }
  }

  func has(_ item: ItemID, inHandOf worker: WorkerID) -> Bool { workers[worker]?.inHand.contains(item) == true }

  /// What is in a worker's hand may go on there, and nowhere else.
  mutating func cancelWhenReturned(_ item: ItemID) { items[item]?.isCancelledWhenReturned = true }

  /// A task has ended, which is not an item of its own: the losses before it were not one after another.
  mutating func noteProgress() { consecutiveLosses = 0 }

  private var emptiestHand: WorkerID? {
    var best: (inHand: Int, id: WorkerID)?
    for (id, worker) in workers where worker.takesWork {
      let taker = (worker.inHand.count, id)
      if best.map({ taker < $0 }) ?? true { best = taker }
    }
    return best?.id
  }

  private mutating func giveNext(to id: WorkerID, _ actions: inout [Action]) -> Bool {
    guard let worker = workers[id], hasRoom(worker), let item = takePending(for: id, worker) else { return false }
    give(item, to: id, &actions)
    return true
  }

  private func hasRoom(_ worker: Worker) -> Bool {
    if let limit = configuration.maxTasksPerWorker, worker.completed + worker.inHand.count >= limit { return false }
    guard worker.inHand.count < largestWindow else { return false }
    // Every window is at least one. A closure would have the whole machine copied.
    if worker.inHand.isEmpty { return !pending.isEmpty }
    for kind in pending.kindsPresent where worker.inHand.count < window(of: kind) { return true }
    return false
  }

  /// Takes back what was given ahead when there are workers with nothing to do: one item for each of them.
  private mutating func recall(_ actions: inout [Action]) {
    guard largestWindow > 1, workers.count > 1 else { return }
    // What still waits then is meant for other workers.
    let idle = workers.count { $0.value.isIdle }
    guard idle > 0, itemToRecall() != nil else { return }
    for _ in 0..<max(0, idle - itemsOnTheirWayBack) {
      guard let (item, id) = itemToRecall() else { return }
      items[item]?.isRecalled = true
      actions.append(.recall(id, item))
    }
  }

  /// One that had begun before its worker heard of it does not come back.
  private var itemsOnTheirWayBack: Int {
    var count = 0
    for (id, item) in items where item.isRecalled && !isRunning(id) { count += 1 }
    return count
  }

  /// What was given ahead to a worker whose first item is given up: it would begin there and die with the worker.
  mutating func recallRest(behind item: ItemID, in id: WorkerID, _ actions: inout [Action]) {
    guard configuration.canKill, let inHand = workers[id]?.inHand, inHand.first == item else { return }
    // The last first: each comes back to the front.
    for other in inHand.dropFirst().reversed() where items[other]?.isRecalled == false {
      items[other]?.isRecalled = true
      actions.append(.recall(id, other))
    }
  }

  /// The last that may be recalled, in the fullest hand that has one; the first one runs.
  private func itemToRecall() -> (ItemID, WorkerID)? {
    var best: (item: ItemID, id: WorkerID, inHand: Int)?
    for (id, worker) in workers where worker.inHand.count > 1 {
      let inHand = worker.inHand.count
      if let best, (best.inHand, id) > (inHand, best.id) { continue }
      if let item = worker.inHand.dropFirst().last(where: { mayRecall($0) }) { best = (item, id, inHand) }
    }
    return best.map { ($0.item, $0.id) }
  }

  /// What was to be given ahead in a stream stays together, and what belongs to a worker stays there.
  private func mayRecall(_ item: ItemID) -> Bool {
    guard let entry = items[item], entry.traits.pace != nil || entry.traits.isChunk, !entry.isRecalled else {
      return false
    }
    return entry.traits.affinityKey == nil && entry.traits.pinnedTo == nil
  }

  /// The next item for a worker. One that a worker died of before comes first, so that there are others between such
  /// items, and at the end. Halfway to the restart limit the others come first: they are sooner completed.
  private mutating func takePending(for id: WorkerID, _ worker: Worker) -> ItemID? {
    var waiting = PendingItems()
    swap(&waiting, &pending)
    defer { swap(&waiting, &pending) }
    if retries > 0, 2 * (consecutiveLosses + suspectsInHand) >= configuration.restartLimit {
      let item = waiting.take { items[$0]?.losses == 0 ? fit($0, for: id, worker) : .no }
      if let item { return item }
    }
    return waiting.take { fit($0, for: id, worker) }
  }

  /// How many workers run an item that a worker died of before.
  private var suspectsInHand: Int {
    workers.count { _, worker in worker.inHand.first.flatMap { items[$0]?.losses } ?? 0 > 0 }
  }

  /// Nothing is given ahead past an item that waits for an emptier hand: else the hand would never be empty. Mutating for
  /// the same reason: what a closure calls would be called on a copy of the machine.
  private mutating func fit(_ item: ItemID, for id: WorkerID, _ worker: Worker) -> PendingItems.Fit {
    guard let traits = items[item]?.traits, isMeant(traits, for: id) else { return .no }
    return worker.inHand.count < window(of: traits.kind) ? .yes : .stop
  }

  private func isMeant(_ traits: Traits, for id: WorkerID) -> Bool {
    if let pinned = traits.pinnedTo { return pinned == id }
    guard let key = traits.affinityKey, let owner = keys[key] else { return true }
    return owner == id
  }

  func window(of kind: PendingItems.Kind) -> Int { kind.pace.flatMap { paces[$0]?.window } ?? kind.window }

  private mutating func give(_ item: ItemID, to id: WorkerID, _ actions: inout [Action]) {
    guard let (key, hasTimeout) = items[item]?.give(to: id), let count = workers[id]?.take(item) else { return }
    if let key { keys[key] = id }
    actions.append(.send(item, id))
    if count == 1, hasTimeout { startTimer(item, &actions) }
  }

  /// The time of an item runs while it is the first in hand.
  mutating func startTimer(_ item: ItemID, _ actions: inout [Action]) {
    guard let entry = items[item], let timeout = entry.traits.timeout else { return }
    actions.append(.startTimer(item, turn: entry.turn, timeout))
  }

  /// The first in hand of a worker was given up: the worker is stopped, against its will if need be.
  mutating func giveUp(_ item: ItemID, in id: WorkerID, _ actions: inout [Action]) {
    guard let worker = workers[id], worker.inHand.first == item else { return }
    if worker.state == .ready { workers[id]?.state = .stopping(item) }
    if configuration.canKill { actions.append(.startGrace(id, .answer(item))) }
  }

  mutating func retire(_ id: WorkerID, _ actions: inout [Action]) {
    workers[id]?.state = .retiring
    actions.append(.retire(id))
    expectEnd(id, &actions)
  }

  /// A worker that has been told to go and has nothing left to do has two grace periods for it. One that is stopped, or
  /// whose exit handlers or main thread hang, would hold up the end of the pool.
  mutating func expectEnd(_ id: WorkerID, _ actions: inout [Action]) {
    guard configuration.canKill, workers[id]?.isLeaving == true else { return }
    actions.append(.startGrace(id, .end))
  }

  mutating func finish(_ item: ItemID, _ ending: Ending, _ actions: inout [Action]) {
    guard let entry = items.removeValue(forKey: item) else { return }
    if let pace = entry.traits.pace { leave(pace) }
    actions.append(.finish(item, ending))
  }

  /// A pace is known as long as there are items of it.
  mutating func enter(_ traits: Traits) {
    if let pace = traits.pace {
      paces[pace, default: Pace()].items += 1
    } else {
      largestFixedWindow = max(largestFixedWindow, traits.window)
    }
    findLargestWindow()
  }

  private mutating func leave(_ pace: Pace.ID) {
    paces[pace]?.items -= 1
    guard paces[pace]?.items == 0 else { return }
    paces[pace] = nil
    findLargestWindow()
  }

  mutating func findLargestWindow() {
    largestWindow = paces.values.reduce(largestFixedWindow) { max($0, $1.window) }
  }
}
