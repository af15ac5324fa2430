internal import MultiprocessingSystem

// SAFETY: the offsets of the entries lie below the length that was required of the memory.

/// The words of a barrier, and its steps. Rules: `README.md`.
///
/// The latch is for arrivals only, and is slept on like any word: nothing here waits for a process that was stopped.
final class BarrierState: Sendable {
  let memory: PrimitiveMemory
  let parties: Int
  /// A `BarrierPhase`.
  private let phaseWord: SharedWord
  /// Bit 0: somebody waits for a set to become empty. Above: a count of such wake-ups.
  let drained: SharedWord
  /// Nanoseconds; 0: none.
  let timeout: UInt64
  let budget = SpinBudget()
  private let latch: Latch
  private let swept: SharedWord

  private static let entries = 32

  /// A party's place: who it is in which generation.
  struct Place: Sendable {
    var generation: UInt32
    var index: Int
    var isLast: Bool
  }

  enum Arrival: Sendable {
    case arrived(Place)
    case broken
  }

  convenience init(parties: Int, timeout: Duration?) throws {
    guard 1...65_536 ~= parties else {
      throw MultiprocessingError(.invalidArgument, "a barrier of \(parties) parties: 1 to 65536 can be")
    }
    let memory = try PrimitiveMemory(byteCount: Self.entries + 16 * parties)
    memory.word(at: 0).store(UInt32(parties))
    if let timeout { memory.longWord(at: 24).store(max(1, SharedWait.nanoseconds(of: timeout))) }
    try self.init(memory)
  }

  init(_ memory: PrimitiveMemory) throws {
    try memory.require(byteCount: Self.entries)
    parties = Int(memory.word(at: 0).load())
    try memory.require(byteCount: Self.entries + 16 * parties)
    self.memory = memory
    phaseWord = memory.word(at: 4)
    latch = Latch(at: memory.block.address + 8, wakesAll: true)
    swept = memory.word(at: 16)
    drained = memory.word(at: 20)
    // Not longer than a duration can say, whatever was written there: it is added to the time.
    timeout = min(memory.longWord(at: 24).load(), SharedWait.nanoseconds(of: .seconds(Int64.max)))
  }

  /// The word to wait on for the end of a generation.
  var word: SharedWord { phaseWord }
  private var phase: BarrierPhase { BarrierPhase(bits: phaseWord.load()) }

  private func entry(_ generation: UInt32, _ index: Int) -> SharedLongWord {
    memory.longWord(at: Self.entries + 8 * (Int(generation & 1) * parties + index))
  }
}

extension BarrierState {
  /// Arrives, if the set of this generation has room.
  func lookForPlace(_ mode: LookMode) throws -> WaitLook<Arrival> {
    let own = try ProcessRegistry.ownID()
    sweep()
    // Each step is one change: a death leaves nothing to repair.
    return try latch.look(mode, recover: {}) { arrive(own) }
  }

  /// Under the latch.
  private func arrive(_ own: OwnerID) -> WaitLook<Arrival> {
    while true {
      let found = phase
      if found.isBroken { return .done(.broken) }
      if !found.isOpen {
        if let draining = draining(found.generation) {
          // After the announcement: a break or reset before it has not changed `drained`.
          guard phase == found else { continue }
          return .sleep(drained, draining)
        }
        guard change(found, to: found.opened) else { continue }
        // Who left last may have been stopped before it said so.
        wakeArriving()
      }
      let generation = found.generation
      guard let index = (0..<parties).first(where: { entry(generation, $0).load() == 0 }) else {
        // Full: the last party runs its action.
        return .sleep(phaseWord, found.isOpen ? found.bits : found.opened.bits)
      }
      entry(generation, index).store(own.bits)
      // It may have tripped and begun to drain since: then this was no room for another. No set is opened meanwhile.
      guard phase.isRunning(generation) else {
        entry(generation, index).store(0)
        continue
      }
      return .done(.arrived(Place(generation: generation, index: index, isLast: index == parties - 1)))
    }
  }

  /// What value of `drained` to sleep on while parties of the generation before last are in the set; nil when none are.
  private func draining(_ generation: UInt32) -> UInt32? {
    var value = drained.load()
    if count(generation) == 0 { return nil }
    while value & 1 == 0 { if drained.exchange(&value, for: value | 1) { value |= 1 } }
    // Once more after the announcement: who leaves from now on wakes us.
    return count(generation) > 0 ? value : nil
  }

  /// Whether the generation is over: true when it tripped, false when it broke.
  func look(_ place: Place) -> WaitLook<Bool> {
    sweep()
    let found = phase
    return found.isRunning(place.generation)
      ? .sleep(phaseWord, found.bits) : .done(found.hasTripped(place.generation))
  }

  /// Lets the parties of a generation go; false when it broke before.
  func trip(_ place: Place) -> Bool {
    sweep()
    while true {
      let found = phase
      guard found.isRunning(place.generation) else { return false }
      if change(found, to: found.tripped) { break }
    }
    phaseWord.wake()
    return true
  }

  /// A party gives up: breaks its generation, unless it tripped before; then true.
  func giveUp(_ place: Place) -> Bool {
    breakPhase { $0.isRunning(place.generation) }
    return phase.hasTripped(place.generation)
  }

  /// A party has read the verdict.
  func leave(_ place: Place) {
    entry(place.generation, place.index).store(0)
    wakeArriving()
  }

  /// Who waits for a set to become empty looks again.
  private func wakeArriving() {
    var value = drained.load()
    while value & 1 != 0 {
      if drained.exchange(&value, for: value &+ 1) {
        drained.wake()
        return
      }
    }
  }

  /// Breaks the present generation.
  func abort() {
    // So that a death between the change and the wake-up is noticed, where this process can be in the registry.
    _ = try? ProcessRegistry.ownID()
    breakPhase { !$0.isBroken }
    // In any case: another that broke it may have been stopped before it said so.
    wakeAll()
  }

  func reset() {
    _ = try? ProcessRegistry.ownID()
    sweep()
    while true {
      let found = phase
      if !found.isBroken, !found.isOpen || count(found.generation) == 0 { break }
      if change(found, to: found.reset) { break }
    }
    wakeAll()
  }

  /// Parties that have arrived, and whether the barrier is broken.
  func status() -> (waiting: Int, isBroken: Bool) {
    sweep()
    let found = phase
    return (found.isOpen && !found.isBroken ? count(found.generation) : 0, found.isBroken)
  }

  private func count(_ generation: UInt32) -> Int {
    (0..<parties).count { entry(generation, $0).load() != 0 }
  }

  private func change(_ found: BarrierPhase, to next: BarrierPhase) -> Bool {
    var expected = found.bits
    return phaseWord.exchange(&expected, for: next.bits)
  }

  private func breakPhase(if shallBreak: (BarrierPhase) -> Bool) {
    while true {
      let found = phase
      guard shallBreak(found) else { return }
      if change(found, to: found.broken) { break }
    }
    wakeAll()
  }

  private func wakeAll() {
    phaseWord.wake()
    wakeArriving()
  }
}

extension BarrierState {
  /// A dead party of this generation breaks it, others are cleared.
  private func sweep() {
    let deaths = memory.table.deaths.load()
    if swept.load() == deaths { return }
    for set in [0, 1] as [UInt32] {
      for index in 0..<parties { clearIfDead(set, index) }
    }
    // Last: whoever finds this finds nothing left to do.
    swept.store(deaths)
  }

  private func clearIfDead(_ set: UInt32, _ index: Int) {
    while true {
      let found = phase
      let bits = entry(set, index).load()
      guard let owner = OwnerID(bits: bits), !memory.table.isLive(owner) else { return }
      // An open set was empty when it was opened: who is in it came in this generation, if that has not changed since.
      if found.isOpen, !found.isBroken, found.generation & 1 == set {
        breakPhase { $0 == found }
      } else if phase == found {
        // Who is dead comes no more, so that this entry is in no generation that goes on.
        var expected = bits
        if entry(set, index).exchange(&expected, for: 0) { return }
      }
    }
  }
}
