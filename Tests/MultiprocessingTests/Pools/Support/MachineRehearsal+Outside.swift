@testable import Multiprocessing

extension MachineRehearsal {
  /// What the driver and the back end do.
  mutating func perform(_ action: PoolMachine.Action) throws {
    switch action {
    case .start(let id):
      if random.chance(failingStarts) { return try handle(.startFailed(id)) }
      workers[id] = RehearsedWorker()
    case .send(let item, let id): if workers[id]?.isAlive == true { workers[id]?.inbox.append(item) }
    case .startTimer(let item, let turn, _): deadlines.append((item, turn))
    case .stop(let id, let item): workers[id]?.stop(item, canKill: machine.configuration.canKill)
    case .recall(let id, let item): workers[id]?.recall(item)
    case .startGrace(let id, let grace): graces.append((id, grace))
    case .kill(let id): kill(id)
    case .retire(let id): workers[id]?.isRetired = true
    case .retryStart: retriesOfStart += 1
    // None of them ends for the signal: the hardest case.
    case .finish, .terminate, .crashLoop, .end: break
    }
  }

  private mutating func kill(_ id: PoolMachine.WorkerID) {
    if machine.configuration.canKill { return workers[id]?.die() ?? () }
    // A thread drops what waits and finishes what runs.
    workers[id]?.inbox = []
    workers[id]?.isRetired = true
    if workers[id]?.running != nil { workers[id]?.running?.fate = .answers }
  }

  /// What users, operators and the rest of the pool may do at any moment.
  mutating func userEvent() -> PoolMachine.Event {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<60: return submission()
    case 60..<75: return .cancel(PoolMachine.ItemID.random(in: 1...nextItem, using: &random))
    case 75..<80: return .recycle(someWorker())
    case 80..<86: return .idle(someWorker())
    case 86..<90: return .resize(Int.random(in: 1...4, using: &random))
    case 90..<92: return .cancelPending
    case 92..<94: return .cancelAll
    case 94..<97:
      interfere(with: someWorker())
      return .retryStart
    case 97: return .close
    case 98: return .terminate
    default: return random.chance(50) ? .breakDown : .close
    }
  }

  /// Kills, stops or continues a worker from outside. A thread cannot be stopped.
  private mutating func interfere(with id: PoolMachine.WorkerID) {
    if !machine.configuration.canKill || random.chance(40) {
      workers[id]?.die()
    } else if workers[id]?.isStopped == true {
      workers[id]?.goOn()
    } else {
      workers[id]?.isStopped = true
    }
  }

  private mutating func someWorker() -> PoolMachine.WorkerID {
    workers.keys.sorted().randomElement(using: &random) ?? 1
  }

  private mutating func submission() -> PoolMachine.Event {
    var traits = PoolMachine.Traits()
    if random.chance(30) { traits.retries = Int.random(in: 1...2, using: &random) }
    // Threads have no timeouts.
    if machine.configuration.canKill, random.chance(40) { traits.timeout = .seconds(1) }
    traits.priority = [0, 17, 25].randomElement(using: &random) ?? 0
    traits.affinityKey = random.chance(20) ? ["a", "b"].randomElement(using: &random) : nil
    traits.window = random.chance(30) ? Int.random(in: 2...4, using: &random) : 1
    traits.pace = random.chance(40) ? UInt64.random(in: 1...2, using: &random) : nil
    traits.pinnedTo = random.chance(5) ? someWorker() : nil
    defer { nextItem += 1 }
    return .submit(nextItem, traits)
  }
}
