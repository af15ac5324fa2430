internal import MultiprocessingSystem

// SAFETY: the offsets of the slots lie below the length that was required of the memory.

/// The waiters of a condition. Words and rules: `README.md`.
///
/// There is no latch: every step is one change of one word, so nobody waits here for a process that was stopped.
final class ConditionState: Sendable {
  let memory: PrimitiveMemory
  private let nextTicket: SharedWord
  /// Bit 0: somebody waits without a slot. Above: how often such waiters were notified.
  private let epoch: SharedWord
  private let swept: SharedWord

  private static let slots = 16
  private static let slotSize = 16
  /// With what stands before them a kilobyte.
  static let slotCount = 63
  private static let byteCount = slots + slotSize * slotCount

  private struct Slot {
    let owner: SharedLongWord
    let state: SharedWord
  }

  /// Where a waiter waits.
  enum Place: Sendable {
    case slot(Int, SlotState)
    /// There was none free: any notification ends the wait that changes the epoch.
    case epoch(UInt32)
  }

  convenience init() throws { try self.init(PrimitiveMemory(byteCount: Self.byteCount)) }

  init(_ memory: PrimitiveMemory) throws {
    try memory.require(byteCount: Self.byteCount)
    self.memory = memory
    nextTicket = memory.word(at: 0)
    epoch = memory.word(at: 4)
    swept = memory.word(at: 8)
  }

  private func slot(_ index: Int) -> Slot {
    let offset = Self.slots + Self.slotSize * index
    return Slot(owner: memory.longWord(at: offset), state: memory.word(at: offset + 8))
  }

  /// What stands in a slot's state: who waits there, by ticket, and how far that is. All in one word, so that a change
  /// that was meant for an earlier waiter fails.
  struct SlotState: Sendable {
    enum Kind: UInt32 { case none, waiting, granted }

    let bits: UInt32

    init(bits: UInt32) { self.bits = bits }
    init(_ kind: Kind, ticket: UInt32) { bits = ticket << 2 | kind.rawValue }

    static var free: SlotState { SlotState(bits: 0) }
    var kind: Kind { Kind(rawValue: bits & 3) ?? .none }
    var ticket: UInt32 { bits >> 2 }
    var granted: SlotState { SlotState(.granted, ticket: ticket) }

    /// How many tickets were given since, up to `next`; they begin again some time.
    func age(before next: UInt32) -> UInt32 { (next &- ticket) & (.max >> 2) }
  }
}

extension ConditionState {
  /// Takes a place in the line of waiters.
  func enlist(_ own: OwnerID) -> Place {
    for index in 0..<Self.slotCount {
      let slot = slot(index)
      var free: UInt64 = 0
      guard slot.owner.load() == 0, slot.owner.exchange(&free, for: own.bits) else { continue }
      let state = SlotState(.waiting, ticket: nextTicket.add(1))
      // From here on the slot counts.
      slot.state.store(state.bits)
      return .slot(index, state)
    }
    var found = epoch.load()
    while found & 1 == 0 { if epoch.exchange(&found, for: found | 1) { found |= 1 } }
    return .epoch(found)
  }

  /// The word that a place sleeps on.
  func word(of place: Place) -> SharedWord {
    switch place {
    case .slot(let index, _): slot(index).state
    case .epoch: epoch
    }
  }

  /// Whether the waiter was notified, or a holder of the lock died inside since `takeovers` was read.
  func look(_ place: Place, _ lock: Lock, since takeovers: UInt32) -> WaitLook<Void> {
    sweep()
    if lock.owner.holder.map(memory.table.isLive) == false || lock.takeovers.load() != takeovers { return .done(()) }
    switch place {
    case .slot(let index, let waiting):
      let found = slot(index).state.load()
      return found == waiting.bits ? .sleep(slot(index).state, found) : .done(())
    case .epoch(let start):
      let found = epoch.load()
      return found == start ? .sleep(epoch, found) : .done(())
    }
  }

  /// Gives up waiting; true when it was notified before, and keeps its slot until `leave`.
  func giveUp(_ place: Place) -> Bool {
    switch place {
    case .slot(let index, let waiting):
      var expected = waiting.bits
      guard slot(index).state.exchange(&expected, for: SlotState.free.bits) else { return true }
      slot(index).owner.store(0)
      return false
    case .epoch(let start): return epoch.load() != start
    }
  }

  /// Gives up waiting before it began: a notification goes to the next.
  func passOn(_ place: Place) {
    guard giveUp(place), case .slot = place else { return }
    for word in grant(1) { word.wake() }
    leave(place)
  }

  /// A waiter has the lock again: from here on its notification is its own. A slot of a live owner is freed by nobody
  /// else, and is used again only after the second store.
  func leave(_ place: Place) {
    guard case .slot(let index, _) = place else { return }
    slot(index).state.store(SlotState.free.bits)
    slot(index).owner.store(0)
  }

  /// Lets the first `count` waiters go.
  func notify(_ count: Int) {
    sweep()
    var woken = grant(count)
    var found = epoch.load()
    while count > 0, found & 1 != 0 {
      guard epoch.exchange(&found, for: (found &+ 2) & ~1) else { continue }
      woken.append(epoch)
      break
    }
    for word in woken { word.wake() }
  }

  /// Grants to the first `count` in line; the words to wake.
  private func grant(_ count: Int) -> [SharedWord] {
    var woken: [SharedWord] = []
    for (index, waiting) in line() where woken.count < count {
      var expected = waiting.bits
      // One that gave up meanwhile, or was let go by another, does not count.
      if slot(index).state.exchange(&expected, for: waiting.granted.bits) { woken.append(slot(index).state) }
    }
    return woken
  }

  /// The slots of live waiters that were not notified, the first first.
  private func line() -> [(index: Int, waiting: SlotState)] {
    let waiting = (0..<Self.slotCount).compactMap { index -> (index: Int, waiting: SlotState)? in
      // The state first: if the slot is another's by the time the owner is read, the state has changed as well.
      let state = SlotState(bits: slot(index).state.load())
      guard state.kind == .waiting, OwnerID(bits: slot(index).owner.load()).map(memory.table.isLive) == true
      else { return nil }
      return (index, state)
    }
    let next = nextTicket.load()
    return waiting.sorted { $0.waiting.age(before: next) > $1.waiting.age(before: next) }
  }

  /// Passes on the notifications of dead waiters, and frees their slots.
  private func sweep() {
    let deaths = memory.table.deaths.load()
    if swept.load() == deaths { return }
    for index in 0..<Self.slotCount {
      let bits = slot(index).owner.load()
      if let owner = OwnerID(bits: bits), !memory.table.isLive(owner) { free(index, of: bits) }
    }
    // Last: whoever finds this finds nothing left to do.
    swept.store(deaths)
  }

  private func free(_ index: Int, of dead: UInt64) {
    let slot = slot(index)
    var found = slot.state.load()
    repeat {
      // The state was the dead owner's if the slot still is: it can be freed by others meanwhile, and not come back.
      guard slot.owner.load() == dead else { return }
      // Passed on first, then freed: a death in between passes it on twice, as two that sweep do, and loses nothing.
      if SlotState(bits: found).kind == .granted { for word in grant(1) { word.wake() } }
    } while !slot.state.exchange(&found, for: SlotState.free.bits)
    var owner = dead
    _ = slot.owner.exchange(&owner, for: 0)
  }
}
