/// What the machine keeps of an item and of a worker.
extension PoolMachine {
  struct Item {
    var traits: Traits
    /// How often it was given to a worker: what tells its timers apart.
    var turn = 0
    /// How many workers died of it.
    var losses = 0
    /// How many workers ended with it first in hand that had not begun it.
    var strandings = 0
    /// In hand of this worker; nil while it waits.
    var worker: WorkerID?
    /// The worker was asked to give it back.
    var isRecalled = false
    /// It is not to begin in another worker.
    var isCancelledWhenReturned = false

    /// Into a worker's hand. Returns what the machine must know of it then.
    mutating func give(to id: WorkerID) -> (key: String?, hasTimeout: Bool) {
      worker = id
      turn += 1
      return (traits.affinityKey, traits.timeout != nil)
    }
  }

  struct Worker: Equatable {
    enum State: Equatable {
      case starting, ready
      case stopping(ItemID)
      case retiring
    }
    var state = State.starting
    /// Sent and not answered, in the order of sending: the first one runs. A stopped item that was finished already
    /// stays here until the worker answers.
    var inHand: [ItemID] = []
    var completed = 0
    /// Killed by us: its loss is no crash.
    var isCondemned = false
    /// Nobody knows what it has begun.
    var isDistrusted = false

    var takesWork: Bool { state == .ready && !isDistrusted }

    func isUsable(canKill: Bool) -> Bool { state == .starting || state == .ready || !canKill && isStopping }

    /// Returns how many it has in hand then.
    mutating func take(_ item: ItemID) -> Int {
      inHand.append(item)
      return inHand.count
    }

    /// Returns the item's place in hand.
    mutating func release(_ item: ItemID, isAnswer: Bool) -> Int? {
      guard let place = inHand.firstIndex(of: item) else { return nil }
      inHand.remove(at: place)
      if isAnswer { completed += 1 }
      // An answer that was on its way when its worker was killed does not bring the worker back.
      if state == .stopping(item) { state = isCondemned ? .retiring : .ready }
      return place
    }
  }
}

extension PoolMachine.Worker {
  var mayRetire: Bool { state != .retiring && !isStopping }

  /// Its end, should it come now, is unexpected, or that of one that resisted.
  var mayBeReplaced: Bool { state != .retiring }

  var isIdle: Bool { takesWork && inHand.isEmpty }

  /// Told to go, with nothing left to do, and not killed yet.
  var isLeaving: Bool { state == .retiring && inHand.isEmpty && !isCondemned }

  var isStopping: Bool {
    if case .stopping = state { return true }
    return false
  }
}
