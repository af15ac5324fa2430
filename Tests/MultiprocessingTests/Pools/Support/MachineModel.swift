@testable import Multiprocessing

struct Violation: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// What must hold of the machine's actions, kept in the simplest way.
struct MachineModel {
  typealias ItemID = PoolMachine.ItemID
  typealias WorkerID = PoolMachine.WorkerID

  private let configuration: PoolMachine.Configuration
  private var traits: [ItemID: PoolMachine.Traits] = [:]
  private var endings: [ItemID: PoolMachine.Ending] = [:]
  private var begun: [ItemID: Int] = [:]
  private var beganIn: [ItemID: WorkerID] = [:]
  private var distrusted: Set<WorkerID> = []
  /// Where an item is, from its sending to its answer or the loss of its worker.
  private var holder: [ItemID: WorkerID] = [:]
  private var sent: [WorkerID: Int] = [:]
  private var joined: Set<WorkerID> = []
  private var started: Set<WorkerID> = []
  /// Retired or killed: no more work for them, and their loss is no crash.
  private var dismissed: Set<WorkerID> = []
  private var keys: [String: WorkerID] = [:]
  private var losses = 0
  private var expectsCrashLoop = false
  private var (crashLoops, ends) = (0, 0)
  private var isBroken = false
  private var isHoldingStarts = false
  private var mayCancel: Set<ItemID> = []
  private var mayTimeOut: Set<ItemID> = []

  init(_ configuration: PoolMachine.Configuration) { self.configuration = configuration }

  var unfinished: [ItemID] { traits.keys.filter { endings[$0] == nil }.sorted() }

  // MARK: Events

  mutating func take(_ event: PoolMachine.Event, _ machine: PoolMachine) {
    switch event {
    case .submit(let item, let traits):
      self.traits[item] = traits
      if machine.phase != .open { mayCancel.insert(item) }
    case .joined(let worker): joined.insert(worker)
    case .answered(let item, let worker, _):
      if holder[item] == worker { (holder[item], losses) = (nil, 0) }
    case .returned(let item, let worker):
      if holder[item] == worker { holder[item] = nil }
      sent[worker, default: 0] -= 1
    case .distrust(let worker): distrusted.insert(worker)
    case .startFailed(let worker): failStart(of: worker)
    case .retryStart: isHoldingStarts = false
    case .lost(let worker, _):
      if distrusted.contains(worker) { blameAll(in: worker) }
      lose(worker)
    case .cancel(let item): mayCancel.insert(item)
    case .cancelPending, .cancelAll, .terminate: mayCancel.formUnion(unfinished)
    // A timer runs in a worker only: it never ends what waits.
    case .deadline(let item, _): if holder[item] != nil { mayTimeOut.insert(item) }
    case .breakDown: isBroken = true
    default: break
    }
  }

  /// Those that fail until the next try have one cause.
  private mutating func failStart(of worker: WorkerID) {
    if isHoldingStarts { dismissed.insert(worker) }
    isHoldingStarts = true
    lose(worker)
  }

  private mutating func lose(_ worker: WorkerID) {
    guard started.remove(worker) != nil else { return }
    holder = holder.filter { $0.value != worker }
    keys = keys.filter { $0.value != worker }
    if dismissed.contains(worker) { return }
    losses += 1
    expectsCrashLoop = losses > configuration.restartLimit && !isBroken
    if expectsCrashLoop { isBroken = true }
  }

  /// Nobody knows what it has begun: that counts as begun.
  private mutating func blameAll(in worker: WorkerID) {
    for (item, holder) in holder where holder == worker && beganIn[item] != worker { begun[item, default: 0] += 1 }
  }

  mutating func begin(_ item: ItemID, in worker: WorkerID) throws {
    beganIn[item] = worker
    begun[item, default: 0] += 1
    let allowed = (traits[item]?.retries ?? 0) + 1
    if begun[item, default: 0] > allowed { throw Violation("item \(item) begins more than \(allowed) times") }
  }

  // MARK: Actions

  mutating func check(_ actions: [PoolMachine.Action], after event: PoolMachine.Event, _ machine: PoolMachine) throws {
    let before = crashLoops
    for action in actions { try check(action, machine) }
    if (crashLoops > before) != expectsCrashLoop { throw Violation("crash loop told: \(!expectsCrashLoop)") }
    expectsCrashLoop = false
    if Set(unfinished) != Set(machine.items.keys) { throw Violation("items \(machine.items.keys) and \(unfinished)") }
    let hasStarted = actions.contains { if case .start = $0 { true } else { false } }
    if hasStarted, machine.usableWorkers > machine.wanted { throw Violation("\(machine.usableWorkers) workers") }
    if isBroken, !unfinished.isEmpty { throw Violation("broken, and \(unfinished) wait") }
  }

  private mutating func check(_ action: PoolMachine.Action, _ machine: PoolMachine) throws {
    switch action {
    // A submission that came too late is answered all the same.
    case .finish(let item, let ending): try checkFinish(item, ending)
    case _ where ends > 0: throw Violation("\(action) after the end")
    case .start(let worker):
      if !started.insert(worker).inserted || isBroken { throw Violation("\(worker) is started") }
    case .send(let item, let worker): try checkSend(item, worker, machine)
    case .recall(let worker, let item): try checkRecall(item, worker)
    case .retire(let worker):
      if !started.contains(worker) { throw Violation("\(worker) is retired and is not there") }
      dismissed.insert(worker)
    case .terminate(let worker):
      if !dismissed.contains(worker) { throw Violation("\(worker) is terminated and was not told to go") }
    case .kill(let worker): dismissed.insert(worker)
    case .crashLoop: crashLoops += 1
    case .end:
      ends += 1
      if !started.isEmpty { throw Violation("the end, and \(started) are there") }
    case .startTimer, .stop, .startGrace, .retryStart: break
    }
  }

  private func checkRecall(_ item: ItemID, _ worker: WorkerID) throws {
    if holder[item] != worker { throw Violation("\(item) is recalled from \(worker), which does not have it") }
    // Behind one that was given up it would begin and die with the worker.
    let isInDanger = holder.contains { $0.value == worker && endings[$0.key] != nil }
    if isInDanger, configuration.canKill, endings[item] == nil { return }
    guard let traits = traits[item], traits.pace != nil, traits.affinityKey == nil, traits.pinnedTo == nil,
      endings[item] == nil
    else {
      throw Violation("\(item) is recalled, and is to stay where it is")
    }
    let isIdle = joined.intersection(started).subtracting(dismissed).contains { id in !holder.values.contains(id) }
    if !isIdle { throw Violation("\(item) is recalled, and nobody waits for it") }
  }

  private mutating func checkSend(_ item: ItemID, _ worker: WorkerID, _ machine: PoolMachine) throws {
    guard let traits = traits[item], endings[item] == nil else { throw Violation("\(item) is sent, and is over") }
    guard joined.contains(worker), started.contains(worker), !dismissed.contains(worker) else {
      throw Violation("\(item) is sent to \(worker), which takes no work")
    }
    if let other = holder[item] { throw Violation("\(item) is sent to \(worker) and is in hand of \(other)") }
    let inHand = holder.values.count { $0 == worker }
    let window = machine.window(of: traits.kind)
    if inHand >= window { throw Violation("\(worker) has \(inHand), and \(item) allows \(window)") }
    if let pinned = traits.pinnedTo, pinned != worker { throw Violation("\(item) is sent to \(worker), not \(pinned)") }
    if let key = traits.affinityKey {
      if let owner = keys[key], owner != worker, traits.pinnedTo == nil { throw Violation("\(key) leaves \(owner)") }
      keys[key] = worker
    }
    holder[item] = worker
    sent[worker, default: 0] += 1
    if let limit = configuration.maxTasksPerWorker, sent[worker, default: 0] > limit {
      throw Violation("\(worker) gets more than \(limit)")
    }
  }

  private mutating func checkFinish(_ item: ItemID, _ ending: PoolMachine.Ending) throws {
    guard let traits = traits[item] else { throw Violation("\(item) is finished and was not submitted") }
    if let other = endings[item] { throw Violation("\(item) is finished by \(other) and \(ending)") }
    endings[item] = ending
    let isRight =
      switch ending {
      case .answered: begun[item, default: 0] > 0
      case .lost: begun[item, default: 0] == traits.retries + 1
      case .timedOut: traits.timeout != nil && mayTimeOut.contains(item)
      case .cancelled: mayCancel.contains(item)
      case .broken: isBroken
      case .unpinned: traits.pinnedTo != nil
      }
    if !isRight { throw Violation("\(item) is finished by \(ending)") }
  }

  /// After close and the end of everything.
  func checkEnd(_ machine: PoolMachine) throws {
    if !unfinished.isEmpty { throw Violation("\(unfinished) never end") }
    if !started.isEmpty || !machine.workers.isEmpty { throw Violation("workers are left: \(machine.workers)") }
    if ends != 1 { throw Violation("\(ends) ends") }
    if !machine.pending.isEmpty { throw Violation("\(machine.pending.all) wait") }
  }
}
