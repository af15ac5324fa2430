internal import MultiprocessingSystem

// SAFETY: the offsets of the entries lie below the length that was required of the memory.

/// The words of a barrier, and its steps. Rules: `README.md`.
final class BarrierState: Sendable {
  let memory: PrimitiveMemory
  let parties: Int
  /// Bit 0: broken. Above: the generation.
  let phase: SharedWord
  /// Bit 0: somebody waits for a set to become empty. Above: a count of such wake-ups.
  let drained: SharedWord
  /// Nanoseconds; 0: none.
  let timeout: UInt64
  let budget = SpinBudget()
  private let latch: Latch
  private let swept: SharedWord

  private static let entries = 64

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
    if let timeout { memory.longWord(at: 40).store(max(1, SharedWait.nanoseconds(of: timeout))) }
    // No set is open: generation 0 is not the one they were last used for.
    memory.word(at: 32).store(.max)
    memory.word(at: 36).store(.max)
    try self.init(memory)
  }

  init(_ memory: PrimitiveMemory) throws {
    try memory.require(byteCount: Self.entries)
    parties = Int(memory.word(at: 0).load())
    try memory.require(byteCount: Self.entries + 16 * parties)
    self.memory = memory
    phase = memory.word(at: 4)
    latch = Latch(at: memory.block.address + 8, wakesAll: true)
    swept = memory.word(at: 24)
    drained = memory.word(at: 28)
    // Not longer than a duration can say, whatever was written there: it is added to the time.
    timeout = min(memory.longWord(at: 40).load(), SharedWait.nanoseconds(of: .seconds(Int64.max)))
  }

  private func verdict(_ generation: UInt32) -> SharedWord { memory.word(at: 16 + 4 * Int(generation & 1)) }
  /// For which generation a set of entries is open.
  private func opened(_ generation: UInt32) -> SharedWord { memory.word(at: 32 + 4 * Int(generation & 1)) }
  private func entry(_ generation: UInt32, _ index: Int) -> SharedLongWord {
    memory.longWord(at: Self.entries + 8 * (Int(generation & 1) * parties + index))
  }

  private func locked<R>(_ body: () throws -> R) throws -> R {
    // Every step is one store: a death leaves nothing to repair.
    try latch.withLock(recover: {}) {
      sweep()
      return try body()
    }
  }

  /// The same for a look, which does not wait for the latch.
  private func looked<R>(_ mode: LookMode, _ body: () throws -> WaitLook<R>) throws -> WaitLook<R> {
    try latch.look(mode, recover: {}) {
      sweep()
      return try body()
    }
  }
}

extension BarrierState {
  /// Arrives, if the set of this generation has room.
  func lookForPlace(_ mode: LookMode) throws -> WaitLook<Arrival> {
    let own = try ProcessRegistry.ownID()
    return try looked(mode) {
      let phase = phase.load()
      let generation = phase >> 1
      if phase & 1 != 0 { return .done(.broken) }
      if let draining = open(generation) { return .sleep(drained, draining) }
      guard let index = (0..<parties).first(where: { entry(generation, $0).load() == 0 }) else {
        // Full: the last party runs its action.
        return .sleep(self.phase, phase)
      }
      entry(generation, index).store(own.bits)
      return .done(.arrived(Place(generation: generation, index: index, isLast: index == parties - 1)))
    }
  }

  /// Opens the set of a generation when the one before last has left it; else says what value of `drained` to sleep on.
  private func open(_ generation: UInt32) -> UInt32? {
    if opened(generation).load() == generation { return nil }
    var value = drained.load()
    if count(generation) > 0 {
      while value & 1 == 0 { if drained.exchange(&value, for: value | 1) { value |= 1 } }
      // Once more after the announcement: who leaves from now on wakes us.
      if count(generation) > 0 { return value }
    }
    opened(generation).store(generation)
    return nil
  }

  /// Whether the generation is over: true when it tripped, false when it broke.
  func look(_ place: Place, _ mode: LookMode) throws -> WaitLook<Bool> {
    if memory.table.deaths.load() != swept.load(),
      case .sleep(let word, let value) = try looked(mode, { WaitLook.done(()) })
    {
      return .sleep(word, value)
    }
    let found = phase.load()
    return found == place.generation << 1 ? .sleep(phase, found) : .done(hasTripped(place.generation, found))
  }

  private func hasTripped(_ generation: UInt32, _ phase: UInt32) -> Bool {
    phase >> 1 != generation && verdict(generation).load() == generation << 1 | 1
  }

  /// Lets the parties of a generation go; false when it broke before.
  func trip(_ place: Place) throws -> Bool {
    let isOurs = try locked {
      guard phase.load() == place.generation << 1 else { return false }
      verdict(place.generation).store(place.generation << 1 | 1)
      phase.store((place.generation &+ 1) << 1)
      return true
    }
    if isOurs { phase.wake() }
    return isOurs
  }

  /// A party gives up: breaks its generation, unless it tripped before; then true.
  func giveUp(_ place: Place) throws -> Bool {
    try locked {
      if phase.load() == place.generation << 1 { breakPhase() }
      return hasTripped(place.generation, phase.load())
    }
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
  func abort() throws { try locked { breakPhase() } }

  func reset() throws {
    try locked {
      let found = phase.load()
      let generation = found >> 1
      let isOpen = opened(generation).load() == generation
      let hasParties = isOpen && count(generation) > 0
      if found & 1 == 0, !hasParties { return }
      // A set that is not open may still hold parties that have to read the verdict of the generation before last.
      if isOpen { verdict(generation).store(generation << 1) }
      phase.store((generation &+ 1) << 1)
      phase.wake()
      wakeArriving()
    }
  }

  /// Parties that have arrived, and whether the barrier is broken.
  func status() throws -> (waiting: Int, isBroken: Bool) {
    try locked {
      let found = phase.load()
      let isOpen = found & 1 == 0 && opened(found >> 1).load() == found >> 1
      return (isOpen ? count(found >> 1) : 0, found & 1 != 0)
    }
  }

  private func count(_ generation: UInt32) -> Int {
    (0..<parties).count { entry(generation, $0).load() != 0 }
  }

  /// Under the latch.
  private func breakPhase() {
    phase.store(phase.load() | 1)
    phase.wake()
    wakeArriving()
  }

  /// Under the latch: a dead party of this generation breaks it, others are cleared.
  private func sweep() {
    let deaths = memory.table.deaths.load()
    if swept.load() == deaths { return }
    let generation = phase.load() >> 1
    for set in [generation, generation &+ 1] {
      for index in 0..<parties {
        guard let owner = OwnerID(bits: entry(set, index).load()), !memory.table.isLive(owner) else { continue }
        if set == generation, opened(generation).load() == generation { breakPhase() }
        entry(set, index).store(0)
      }
    }
    swept.store(deaths)
  }
}
