internal import MultiprocessingSystem

// SAFETY: the offsets of the slots lie below the length that was required of the memory.

/// The waiters of a condition. Words and rules: `README.md`.
final class ConditionState: Sendable {
  let memory: PrimitiveMemory
  private let latch: Latch
  private let nextTicket: SharedLongWord
  private let epoch: SharedWord
  private let swept: SharedWord
  /// Not 0: waiters without a slot sleep on `epoch`.
  private let hasOverflow: SharedWord

  private static let slots = 64
  private static let slotSize = 24
  static let slotCount = 64
  private static let byteCount = slots + slotSize * slotCount
  private static let waiting: UInt32 = 1
  private static let granted: UInt32 = 2

  private struct Slot {
    let owner: SharedLongWord
    let ticket: SharedLongWord
    let state: SharedWord
  }

  /// Where a waiter waits.
  enum Place: Sendable {
    case slot(Int)
    /// There was none free: any notification ends the wait that changes the epoch.
    case epoch(UInt32)
  }

  convenience init() throws { try self.init(PrimitiveMemory(byteCount: Self.byteCount)) }

  init(_ memory: PrimitiveMemory) throws {
    try memory.require(byteCount: Self.byteCount)
    self.memory = memory
    latch = Latch(at: memory.block.address, wakesAll: true)
    nextTicket = memory.longWord(at: 8)
    epoch = memory.word(at: 16)
    swept = memory.word(at: 20)
    hasOverflow = memory.word(at: 24)
  }

  private func slot(_ index: Int) -> Slot {
    let offset = Self.slots + Self.slotSize * index
    return Slot(
      owner: memory.longWord(at: offset), ticket: memory.longWord(at: offset + 8), state: memory.word(at: offset + 16))
  }

  /// Runs `body` under the latch, and then wakes whom it and the sweep granted. Every step is one store: a death leaves
  /// nothing to repair.
  private func locked<R>(_ body: (inout [SharedWord]) throws -> R) throws -> R {
    var woken: [SharedWord] = []
    defer { for word in woken { word.wake() } }
    return try latch.withLock(recover: {}) {
      sweep(&woken)
      return try body(&woken)
    }
  }
}

extension ConditionState {
  /// Takes a place in the line of waiters.
  func enlist(_ own: OwnerID) throws -> Place {
    try locked { _ -> Place in
      guard let index = (0..<Self.slotCount).first(where: { slot($0).owner.load() == 0 }) else {
        hasOverflow.store(1)
        return .epoch(epoch.load())
      }
      let free = slot(index)
      let ticket = nextTicket.load()
      nextTicket.store(ticket &+ 1)
      free.ticket.store(ticket)
      free.state.store(Self.waiting)
      // Last: from here on the slot counts.
      free.owner.store(own.bits)
      return .slot(index)
    }
  }

  /// The word that a place sleeps on.
  func word(of place: Place) -> SharedWord {
    switch place {
    case .slot(let index): slot(index).state
    case .epoch: epoch
    }
  }

  /// Whether the waiter was notified, or a holder of the lock died inside since `takeovers` was read.
  func look(_ place: Place, _ lock: Lock, since takeovers: UInt32, _ mode: LookMode) throws -> WaitLook<Void> {
    if case .sleep(let word, let value) = try sweep(mode) { return .sleep(word, value) }
    if lock.owner.holder.map(memory.table.isLive) == false || lock.takeovers.load() != takeovers { return .done(()) }
    switch place {
    case .slot(let index):
      let state = slot(index).state.load()
      return state == Self.granted ? .done(()) : .sleep(slot(index).state, state)
    case .epoch(let start):
      let found = epoch.load()
      return found != start ? .done(()) : .sleep(epoch, found)
    }
  }

  /// Gives up waiting; true when it was notified before, and keeps its slot until `leave`. Who has a place has an id, and
  /// so can take the latch.
  func giveUp(_ place: Place) -> Bool {
    let isNotified = try? locked { _ -> Bool in
      switch place {
      case .slot(let index):
        if slot(index).state.load() == Self.granted { return true }
        slot(index).owner.store(0)
        return false
      case .epoch(let start): return epoch.load() != start
      }
    }
    return isNotified ?? false
  }

  /// Gives up waiting before it began: a notification goes to the next.
  func passOn(_ place: Place) {
    guard case .slot(let index) = place, giveUp(place) else { return }
    _ = try? locked { woken in
      if let next = line().first { grant(next, &woken) }
      slot(index).owner.store(0)
    }
  }

  /// A waiter has the lock again: from here on its notification is its own. One store, without the latch: a slot of a
  /// live owner is freed by nobody else, and is used again only after this.
  func leave(_ place: Place) {
    if case .slot(let index) = place { slot(index).owner.store(0) }
  }

  /// Lets the first `count` waiters go.
  func notify(_ count: Int) throws {
    try locked { woken in
      for index in line().prefix(count) { grant(index, &woken) }
      guard count > 0, hasOverflow.load() != 0 else { return }
      hasOverflow.store(0)
      epoch.add(1)
      woken.append(epoch)
    }
  }

  private func grant(_ index: Int, _ woken: inout [SharedWord]) {
    slot(index).state.store(Self.granted)
    woken.append(slot(index).state)
  }

  /// Under the latch: the slots of live waiters that were not notified, in order.
  private func line() -> [Int] {
    let waiting = (0..<Self.slotCount).filter { index in
      slot(index).state.load() == Self.waiting
        && OwnerID(bits: slot(index).owner.load()).map(memory.table.isLive) == true
    }
    return waiting.sorted { slot($0).ticket.load() < slot($1).ticket.load() }
  }

  /// Sweeps if somebody died, unless the latch is held: then that is to be slept on.
  private func sweep(_ mode: LookMode) throws -> WaitLook<Void> {
    if memory.table.deaths.load() == swept.load() { return .done(()) }
    var woken: [SharedWord] = []
    defer { for word in woken { word.wake() } }
    return try latch.look(mode, recover: {}) {
      sweep(&woken)
      return .done(())
    }
  }

  /// Under the latch: passes on the notifications of dead waiters, and frees their slots.
  private func sweep(_ woken: inout [SharedWord]) {
    let deaths = memory.table.deaths.load()
    if swept.load() == deaths { return }
    for index in 0..<Self.slotCount {
      guard let owner = OwnerID(bits: slot(index).owner.load()), !memory.table.isLive(owner) else { continue }
      // Passed on first, then freed: a death in between passes it on twice, and loses nothing.
      if slot(index).state.load() == Self.granted, let next = line().first { grant(next, &woken) }
      slot(index).owner.store(0)
    }
    swept.store(deaths)
  }
}
