@testable import Multiprocessing

/// A worker of the rehearsal's: it begins what it was sent in order, and answers, dies or spins.
struct RehearsedWorker {
  /// What becomes of an item that it has begun.
  enum Fate { case answers, dies, spins }

  enum Message: Equatable {
    case joined
    case answered(PoolMachine.ItemID)
    case lost(running: PoolMachine.ItemID?)
  }

  var inbox: [PoolMachine.ItemID] = []
  var running: (item: PoolMachine.ItemID, fate: Fate)?
  /// Said, and not heard by the machine yet; `lost` is the last.
  var outbox: [Message] = [.joined]
  var isRetired = false
  var isAlive = true

  mutating func die() {
    guard isAlive else { return }
    isAlive = false
    outbox.append(.lost(running: running?.item))
    running = nil
  }

  mutating func finishRunning() {
    guard let running else { return }
    self.running = nil
    if running.fate == .dies {
      self.running = running
      die()
    } else {
      outbox.append(.answered(running.item))
    }
  }

  /// Drops what waits; what runs listens, unless it spins where it can be killed.
  mutating func stop(_ item: PoolMachine.ItemID, canKill: Bool) {
    if let place = inbox.firstIndex(of: item) {
      inbox.remove(at: place)
      outbox.append(.answered(item))
    } else if let running, running.item == item, !canKill || running.fate != .spins {
      self.running?.fate = .answers
    }
  }

  var canBegin: Bool { isAlive && running == nil && !inbox.isEmpty }
  var canFinish: Bool { isAlive && running != nil && running?.fate != .spins }
  var canEnd: Bool { isAlive && isRetired && running == nil && inbox.isEmpty }
}
