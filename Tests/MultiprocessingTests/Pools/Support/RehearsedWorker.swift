@testable import Multiprocessing

/// A worker of the rehearsal's: it begins what it was sent in order, and answers, dies or spins.
struct RehearsedWorker {
  /// What becomes of an item that it has begun.
  enum Fate { case answers, dies, spins }

  enum Message: Equatable {
    case joined
    case answered(PoolMachine.ItemID, after: UInt64?)
    case returned(PoolMachine.ItemID)
    case distrusted
    case lost(running: PoolMachine.ItemID?)
  }

  var inbox: [PoolMachine.ItemID] = []
  var running: (item: PoolMachine.ItemID, fate: Fate)?
  /// Said, and not heard by the machine yet; `lost` is the last.
  var outbox: [Message] = []
  /// What it was asked to give up or give back while it was stopped.
  private var unheard: [(item: PoolMachine.ItemID, isRecall: Bool)] = []
  private var hasGreeted = false
  var isRetired = false
  var isAlive = true
  /// By SIGSTOP: it does nothing until it goes on or is killed.
  var isStopped = false

  mutating func greet() {
    hasGreeted = true
    outbox.append(.joined)
  }

  mutating func goOn() {
    isStopped = false
    for request in unheard {
      if request.isRecall { recall(request.item) } else { stop(request.item, canKill: true) }
    }
    unheard = []
  }

  mutating func die() {
    guard isAlive else { return }
    isAlive = false
    outbox.append(.lost(running: running?.item))
    running = nil
  }

  /// Says what makes no sense: what it has said and was not heard does not count, and it is killed.
  mutating func confuse() {
    guard isAlive else { return }
    outbox = outbox.contains(.joined) ? [.joined] : []
    outbox.append(.distrusted)
    running = nil
    die()
  }

  mutating func finishRunning(after time: UInt64) {
    guard let running else { return }
    self.running = nil
    if running.fate == .dies {
      self.running = running
      die()
    } else {
      outbox.append(.answered(running.item, after: time))
    }
  }

  /// Drops what waits; what runs listens, unless it spins where it can be killed.
  mutating func stop(_ item: PoolMachine.ItemID, canKill: Bool) {
    if isStopped {
      unheard.append((item, false))
    } else if let place = inbox.firstIndex(of: item) {
      inbox.remove(at: place)
      outbox.append(.answered(item, after: nil))
    } else if let running, running.item == item, !canKill || running.fate != .spins {
      self.running?.fate = .answers
    }
  }

  /// Gives back what it has not begun, and says nothing of what it has.
  mutating func recall(_ item: PoolMachine.ItemID) {
    if isStopped {
      unheard.append((item, true))
    } else if let place = inbox.firstIndex(of: item) {
      inbox.remove(at: place)
      outbox.append(.returned(item))
    }
  }

  private var canAct: Bool { isAlive && !isStopped }
  var canGreet: Bool { canAct && !hasGreeted }
  var canBegin: Bool { canAct && hasGreeted && running == nil && !inbox.isEmpty }
  var canFinish: Bool { canAct && running != nil && running?.fate != .spins }
  var canEnd: Bool { canAct && isRetired && running == nil && inbox.isEmpty }
}
