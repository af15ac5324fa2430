internal import MultiprocessingSystem

// SAFETY: the offsets of the ledger lie below the length that was required of the memory.

/// A count of permits, and a ledger of those that belong to a process. Words and rules: `README.md`.
final class SemaphoreState: Sendable {
  let memory: PrimitiveMemory
  /// Bits 0 to 29: the count.
  let word: SharedWord
  private let latch: Latch
  private let journal: SharedLongWord
  private let journalOwner: SharedLongWord
  private let swept: SharedWord
  /// Not 0: entries may be marked as given back.
  private let returned: SharedWord
  private let entryCount: Int
  /// The count must not rise above it.
  let bound: UInt32
  let isBounded: Bool
  let budget = SpinBudget()

  private static let ledger = 64
  private static let most = 4096
  static let countMask: UInt32 = 0x3FFF_FFFF
  static let changing: UInt32 = 1 << 30
  static let sleepers: UInt32 = 1 << 31
  private static let taking: UInt64 = 1 << 32
  private static let giving: UInt64 = 2 << 32
  /// In an entry: its owner gave it back while the latch was held.
  private static let givenBack = OwnerID.freeBit
  /// How long a call that does not wait does so for the latch, at most, to count the permits of dead processes.
  private static let patience = Duration.milliseconds(10)

  convenience init(value: Int, isBounded: Bool) throws {
    guard 0...Int(Self.countMask) ~= value else {
      throw MultiprocessingError(.invalidArgument, "a semaphore of \(value) permits: 0 to \(Self.countMask) can be")
    }
    let entries = min(max(value, 16), Self.most)
    let memory = try PrimitiveMemory(byteCount: Self.ledger + 8 * entries)
    memory.word(at: 4).store(isBounded ? UInt32(value) : Self.countMask)
    memory.word(at: 36).store(UInt32(entries))
    memory.word(at: 0).store(UInt32(value))
    try self.init(memory, isBounded: isBounded)
  }

  init(_ memory: PrimitiveMemory, isBounded: Bool) throws {
    try memory.require(byteCount: Self.ledger)
    entryCount = Int(memory.word(at: 36).load())
    try memory.require(byteCount: Self.ledger + 8 * entryCount)
    self.memory = memory
    self.isBounded = isBounded
    word = memory.word(at: 0)
    bound = min(memory.word(at: 4).load(), Self.countMask)
    latch = Latch(at: memory.block.address + 8, wakesAll: true)
    journal = memory.longWord(at: 16)
    journalOwner = memory.longWord(at: 24)
    swept = memory.word(at: 32)
    returned = memory.word(at: 40)
  }

  private func entry(_ index: Int) -> SharedLongWord { memory.longWord(at: Self.ledger + 8 * index) }

  /// The permits that can be had now, those of dead processes among them.
  var value: Int {
    sweepNow()
    return Int(word.load() & Self.countMask)
  }
}

extension SemaphoreState {
  /// Takes a permit that belongs to nobody.
  func look(_ mode: LookMode) throws -> WaitLook<Void> {
    var found = word.load()
    while true {
      if found & Self.countMask > 0 {
        if word.exchange(&found, for: found - 1) { return .done(()) }
        continue
      }
      switch try sweep(mode) {
      case .done(true): found = word.load()
      case .sleep:
        // The holder of the latch may be stopped: whoever gives it up collects. A release is to be noticed meanwhile.
        returned.store(1)
        settle()
        fallthrough
      case .done(false): if let sleep: WaitLook<Void> = announced(&found, mode) { return sleep }
      }
    }
  }

  /// Takes a permit that belongs to this process, and says under which entry.
  func lookForPermit(_ mode: LookMode) throws -> WaitLook<Int> {
    do {
      return try lookForEntry(mode)
    } catch {
      // It may have been woken for the permit that it does not take: that is for the next.
      if word.load() & Self.sleepers != 0 { word.wake(1) }
      throw error
    }
  }

  private func lookForEntry(_ mode: LookMode) throws -> WaitLook<Int> {
    let own = try ProcessRegistry.ownID()
    var found = word.load()
    var hasSwept = false
    while true {
      var isFull = false
      if found & Self.countMask > 0 {
        switch try looked(mode, { take(own) }) {
        case .sleep(let latch, let value):
          // It may have been woken for the permit that it cannot take yet: that is for another, who needs no latch.
          if found & Self.sleepers != 0 { word.wake(1) }
          return .sleep(latch, value)
        case .done(.entry(let index)): return .done(index)
        case .done(.noEntry): isFull = true
        case .done(.noPermit):
          found = word.load()
          continue
        }
      }
      // Those of dead processes fill the ledger as well.
      if isFull, hasSwept { throw ledgerIsFull }
      switch try sweep(mode) {
      case .sleep(let word, let value): return .sleep(word, value)
      case .done(false) where !isFull: if let sleep: WaitLook<Int> = announced(&found, mode) { return sleep }
      case .done: found = word.load()
      }
      hasSwept = hasSwept || isFull
    }
  }

  private var ledgerIsFull: MultiprocessingError {
    MultiprocessingError(.unsupported, "more than \(entryCount) permits of withPermit at a time")
  }

  /// nil when the word has changed: look again.
  private func announced<Result>(_ found: inout UInt32, _ mode: LookMode) -> WaitLook<Result>? {
    if found & Self.sleepers != 0 || !mode.announces { return .sleep(word, found) }
    if word.exchange(&found, for: found | Self.sleepers) { return .sleep(word, found | Self.sleepers) }
    return nil
  }

  /// Gives a permit that belongs to nobody.
  func release() throws {
    _ = try ProcessRegistry.ownID()
    var found = word.load()
    repeat {
      if found & Self.countMask >= bound {
        throw isBounded
          ? MultiprocessingError(.notOwner, "a release above the semaphore's initial value of \(bound)")
          : MultiprocessingError(.invalidArgument, "a semaphore holds \(bound) permits at most")
      }
    } while !word.exchange(&found, for: found &+ 1)
    guard found & Self.sleepers != 0, word.wake(1) == 0 else { return }
    var written = found &+ 1
    // What was written may be there again, with others asleep on S by now: they announce themselves once more.
    if word.exchange(&written, for: written & ~Self.sleepers) { word.wake() }
  }

  /// Gives back a permit of this process. Where the latch is held, perhaps by a process that was stopped, the entry is
  /// marked, and whoever gives up the latch does the rest.
  func giveBack(_ index: Int) {
    // A copy made by fork() inside withPermit has another id, and nothing to give back.
    guard let own = try? ProcessRegistry.ownID() else { return }
    let isDone: Void? = try? latch.tryLock(recover: recover) { give(index, of: own) }
    if isDone == nil {
      var expected = own.bits
      if entry(index).exchange(&expected, for: own.bits | Self.givenBack) { returned.store(1) }
    }
    settle()
    if word.load() & Self.sleepers != 0 { word.wake(1) }
  }

  /// A look under the latch.
  private func looked<Result>(_ mode: LookMode, _ body: () -> Result) throws -> WaitLook<Result> {
    defer { settle() }
    return try latch.look(mode, recover: recover) { .done(body()) }
  }

  /// To be called whenever the latch was given up: who marked an entry before found it held, and did not wait.
  private func settle() {
    while returned.load() != 0 {
      let deaths = memory.table.deaths.load()
      // Held: its holder comes here after us.
      guard let count = try? latch.tryLock(recover: recover, { collect(deaths) }) else { return }
      wake(count)
    }
  }
}

extension SemaphoreState {
  private enum Taking {
    case entry(Int)
    case noEntry, noPermit
  }

  /// Under the latch.
  private func take(_ own: OwnerID) -> Taking {
    guard let index = (0..<entryCount).first(where: { entry($0).load() == 0 }) else { return .noEntry }
    journalOwner.store(own.bits)
    journal.store(Self.taking | UInt64(index))
    var found = word.load()
    while found & Self.countMask > 0 {
      guard word.exchange(&found, for: found - 1 | Self.changing) else { continue }
      finish(index, own.bits)
      return .entry(index)
    }
    journal.store(0)
    return .noPermit
  }

  /// Under the latch. Nothing where the entry is another's.
  private func give(_ index: Int, of owner: OwnerID) {
    if OwnerID(bits: entry(index).load()) != owner { return }
    journal.store(Self.giving | UInt64(index))
    var found = word.load()
    repeat {
      // Somebody released what it had not acquired: the bound holds.
      if found & Self.countMask >= bound { break }
    } while !word.exchange(&found, for: found &+ 1 | Self.changing)
    finish(index, 0)
  }

  /// The part of a change that can be done again.
  private func finish(_ index: Int, _ owner: UInt64) {
    entry(index).store(owner)
    var found = word.load()
    while found & Self.changing != 0, !word.exchange(&found, for: found & ~Self.changing) {}
    journal.store(0)
  }

  /// After a death under the latch: without `changing` the count had not changed, or all was done.
  private func recover() {
    let noted = journal.load()
    let index = Int(noted & 0xFFFF)
    if word.load() & Self.changing != 0, index < entryCount {
      finish(index, noted & Self.taking != 0 ? journalOwner.load() : 0)
    }
    journal.store(0)
  }

  /// Nobody died, and nobody marked an entry, since the entries were looked through.
  private func isSettled(_ deaths: UInt32) -> Bool { swept.load() == deaths && returned.load() == 0 }

  /// Gives back the permits of dead processes, and those that are marked; true when there were any.
  private func sweep(_ mode: LookMode) throws -> WaitLook<Bool> {
    // Before the entries are read: a later death leads to another sweep.
    let deaths = memory.table.deaths.load()
    if isSettled(deaths) { return .done(false) }
    return try looked(mode) { collect(deaths) }.map { count in
      wake(count)
      return count > 0
    }
  }

  /// The same, waiting a little for the latch.
  func sweepNow() {
    let deaths = memory.table.deaths.load()
    if isSettled(deaths) { return }
    let count = try? latch.tryLock(patience: Self.patience, recover: recover) { collect(deaths) }
    settle()
    wake(count ?? 0)
  }

  /// Under the latch.
  private func collect(_ deaths: UInt32) -> Int32 {
    // First: who marks an entry from now on says so again.
    returned.store(0)
    var count: Int32 = 0
    for index in 0..<entryCount {
      let bits = entry(index).load()
      guard let owner = OwnerID(bits: bits), bits & Self.givenBack != 0 || !memory.table.isLive(owner) else { continue }
      give(index, of: owner)
      count += 1
    }
    swept.store(deaths)
    return count
  }

  private func wake(_ count: Int32) {
    if count > 0, word.load() & Self.sleepers != 0 { word.wake(count) }
  }
}
