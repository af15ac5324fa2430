internal import MultiprocessingSystem
internal import Synchronization

// SAFETY: `control` is allocated for the life of this object, which its thread keeps for ever.

/// A thread that sleeps on the words of many waits, and looks for them when it is woken.
///
/// Waits for one word queue up; the first is looked for after every wake-up, the next as soon as that is done, or all,
/// where a wake-up is for all. So the lane is, to other processes, one sleeper on the word like any other. When the last
/// of a queue is withdrawn, the lane passes on the wake-up that it may have taken.
final class WaitLane: Sendable {
  private struct Queue {
    let word: SharedWord
    let wakesAll: Bool
    var waiters: [LaneWaiter]
    /// The first sleeps on another word, a latch.
    var isBlocked = false
    /// The last, when it was withdrawn: a wake-up meant for it is passed on.
    var withdrawn: LaneWaiter?
  }

  /// What a turn of the thread found to sleep on.
  private struct Sleep {
    var entries: [SharedWait.Entry] = []
    /// They keep the memory of the words: one may be withdrawn meanwhile, and a kernel that sleeps on one word only has
    /// the thread read the others.
    var waiters: [LaneWaiter] = []
  }

  private struct State {
    var queues: [UInt: Queue] = [:]
  }

  private let state = Mutex(State())
  /// Changes when there is a new word to sleep on.
  private let control: SharedWord
  private let table: RegistryTable
  private let capacity: Int

  /// - Throws: a `SystemError` when the thread cannot be started.
  init(in table: RegistryTable, capacity: Int) throws {
    let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    memory.initialize(to: 0)
    control = SharedWord(at: memory)
    self.table = table
    self.capacity = capacity
    do {
      try SystemThread.start(named: "mp-wait", sleepsInForks: true) { self.run() }
    } catch {
      memory.deallocate()
      throw error
    }
  }

  /// Takes a waiter on; false when the lane has as many words as it can sleep on. `mustKnow`: only if it has this one.
  func enlist(_ waiter: LaneWaiter, on word: SharedWord, wakesAll: Bool, mustKnow: Bool) -> Bool {
    let (isTaken, isNew) = state.withLock { state -> (Bool, Bool) in
      let key = word.key
      if state.queues[key] != nil {
        state.queues[key]!.waiters.append(waiter)
        // Each of a queue that all wake together has its own look to make first, and each behind one that is blocked.
        return (true, wakesAll || state.queues[key]!.isBlocked)
      }
      if mustKnow || state.queues.count >= capacity { return (false, false) }
      state.queues[key] = Queue(word: word, wakesAll: wakesAll, waiters: [waiter])
      return (true, true)
    }
    if isNew { poke() }
    return isTaken
  }

  /// Ends a wait: no look is made for it any more.
  func withdraw(_ waiter: LaneWaiter, from word: SharedWord) {
    waiter.withdraw()
    let (count, isBlocked) = state.withLock { state -> (Int?, Bool) in
      state.queues[word.key]?.waiters.removeAll { $0 === waiter }
      let count = state.queues[word.key]?.waiters.count
      if count == 0 { state.queues[word.key]!.withdrawn = waiter }
      return (count, state.queues[word.key]?.isBlocked ?? false)
    }
    switch count {
    case 0?: poke()
    // Another may be the first now, whom the thread passed by.
    case .some where isBlocked: poke()
    // The lane has left the word, without a look for this waiter.
    case nil: Self.passOn(waiter, word)
    default: break
    }
  }

  /// Has the thread look once more for all.
  func lookAgain() { poke() }

  private func poke() {
    control.add(1)
    control.wake()
  }

  private func run() {
    while true {
      let seen = control.load()
      let deaths = table.deaths.load()
      var sleep = Sleep()
      for key in state.withLock({ Array($0.queues.keys) }) { serve(key, &sleep) }
      if !sleep.entries.isEmpty { sleep.entries.append(.init(table.deaths, deaths)) }
      sleep.entries.append(.init(control, seen))
      withExtendedLifetime(sleep) { _ = SharedWait.sleep(on: sleep.entries, until: nil) }
    }
  }

  /// Looks for the waiters of a queue, and adds what to sleep on: nothing when none is left.
  private func serve(_ key: UInt, _ sleep: inout Sleep) {
    guard let queue = state.withLock({ $0.queues[key] }) else { return }
    let count = sleep.entries.count
    if queue.wakesAll { lookForAll(queue.waiters, key, &sleep) } else { lookForFirst(key, &sleep) }
    if sleep.entries.count > count { return }
    let last = state.withLock { state -> Queue? in
      guard let queue = state.queues[key], queue.waiters.isEmpty else { return nil }
      state.queues[key] = nil
      return queue
    }
    // Somebody came in between.
    guard let last else { return serve(key, &sleep) }
    if let withdrawn = last.withdrawn { Self.passOn(withdrawn, last.word) }
  }

  private static func passOn(_ waiter: LaneWaiter, _ word: SharedWord) {
    if let passOn = waiter.passOn { passOn() } else { word.wake(1) }
  }

  /// What one sleeps on may be a latch, whose holder may be stopped: those behind it may not need that.
  private func lookForFirst(_ key: UInt, _ sleep: inout Sleep) {
    var behind = 0
    while let waiter = state.withLock({ state -> LaneWaiter? in
      let waiters = state.queues[key]?.waiters ?? []
      return behind < waiters.count ? waiters[behind] : nil
    }) {
      guard case .sleep(let word, let value) = waiter.attempt() else {
        remove([waiter], key)
        continue
      }
      if behind == 0 { state.withLock { $0.queues[key]?.isBlocked = word.key != key } }
      if behind == 0 || !sleep.entries.contains(where: { $0.word.key == word.key }) {
        sleep.entries.append(.init(word, value))
      }
      sleep.waiters.append(waiter)
      if word.key == key || behind == Self.mostBehind { return }
      behind += 1
    }
  }

  /// So many are looked for behind one that waits for a latch.
  private static let mostBehind = 8

  private func lookForAll(_ waiters: [LaneWaiter], _ key: UInt, _ sleep: inout Sleep) {
    var entries: [SharedWait.Entry] = []
    var done: [LaneWaiter] = []
    for waiter in waiters {
      switch waiter.attempt() {
      case .done: done.append(waiter)
      // The first value seen of each word: if it has changed since, the sleep ends at once.
      case .sleep(let word, let value):
        if !entries.contains(where: { $0.word.key == word.key }) { entries.append(.init(word, value)) }
      }
    }
    sleep.entries += entries
    if !entries.isEmpty { sleep.waiters += waiters }
    remove(done, key)
  }

  private func remove(_ done: [LaneWaiter], _ key: UInt) {
    if done.isEmpty { return }
    let objects = Set(done.map(ObjectIdentifier.init))
    state.withLock { $0.queues[key]?.waiters.removeAll { objects.contains(ObjectIdentifier($0)) } }
  }
}

/// The lanes of this process.
final class WaitLanes: Sendable {
  static var current: WaitLanes { perProcess.value }
  private static let perProcess = PerProcess { WaitLanes() }

  private let lanes = Mutex<[WaitLane]>([])

  /// Has a lane look for the waiter; a word has one lane at a time.
  func enlist(_ waiter: LaneWaiter, on word: SharedWord, wakesAll: Bool) throws -> WaitLane {
    let table = try ProcessRegistry.ownTable()
    do {
      return try lanes.withLock { lanes in
        for mustKnow in [true, false] {
          for lane in lanes where lane.enlist(waiter, on: word, wakesAll: wakesAll, mustKnow: mustKnow) { return lane }
        }
        // Two words of a sleep are the lane's own, and those that come to a barrier may sleep on three.
        let capacity = SharedWait.isVectorSupported ? (SharedWait.mostWords - 2) / 3 : 1
        let lane = try WaitLane(in: table, capacity: capacity)
        lanes.append(lane)
        _ = lane.enlist(waiter, on: word, wakesAll: wakesAll, mustKnow: false)
        return lane
      }
    } catch let error as SystemError {
      throw MultiprocessingError(.system, doing: "starting a thread to wait on", error)
    }
  }
}
