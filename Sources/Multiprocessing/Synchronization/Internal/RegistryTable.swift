package import MultiprocessingSystem
internal import Synchronization

// SAFETY: offsets lie below the mapped size; slots are touched only below `reserved`, where the file has memory. What
// stands in the table may be anything: any process of the tree can have scribbled on it.

/// The processes of a tree and their deaths, in memory that all of them map. Layout and rules: `README.md`.
///
/// Knows nothing of the present process: ids and start times are arguments.
package final class RegistryTable: Sendable {
  let file: SharedFile
  private let mapping: SharedMapping
  /// Slots that the file was seen to have memory for. It never shrinks.
  private let seenSlots = Atomic<Int>(0)

  private static let magic: UInt64 = 0x3130_7972_7467_7072
  static let firstSlot = 4096
  private static let slotSize = 64
  /// How many slots are given memory at a time: one page.
  private static let step = 64

  /// A new table.
  init(slots: Int = OwnerID.mostSlots) throws {
    file = try SharedFile(named: "mp-registry")
    try file.reserve(0..<Self.firstSlot + Self.step * Self.slotSize)
    mapping = try file.map(byteCount: Self.byteCount(of: OwnerID.mostSlots))
    word(at: 8).store(OwnID.random())
    word(at: 16).store(OwnID.random())
    word(at: 24).store(OwnID.processNamespace)
    word(at: 32).store(UInt64(min(slots, OwnerID.mostSlots)))
    reservedCount.store(UInt64(Self.step))
    word(at: 0).store(Self.magic)
    noteSize(try file.status().byteCount)
  }

  /// The table that another process made.
  ///
  /// - Throws: `unsupported` where it is none that this process can be part of.
  init(inherited descriptor: Descriptor) throws {
    file = SharedFile(inherited: descriptor)
    guard let byteCount = try? file.status().byteCount, byteCount > Self.firstSlot else {
      throw MultiprocessingError(.unsupported, "this process was started without the registry of its tree")
    }
    mapping = try file.map(byteCount: Self.byteCount(of: OwnerID.mostSlots))
    noteSize(byteCount)
    guard word(at: 0).load() == Self.magic else {
      throw MultiprocessingError(.unsupported, "the registry of this tree is of another version of the library")
    }
    guard word(at: 24).load() == OwnID.processNamespace else {
      throw MultiprocessingError(
        .unsupported, "locks and other primitives do not work across name spaces of process ids")
    }
  }

  private static func byteCount(of slots: Int) -> Int { firstSlot + slots * slotSize }

  private func word(at offset: Int) -> SharedLongWord { SharedLongWord(at: mapping.address + offset) }

  /// Names the tree.
  package var tree: [UInt64] { [word(at: 8).load(), word(at: 16).load()] }
  var limit: Int { Self.slotCount(word(at: 32).load()) }
  private var reservedCount: SharedLongWord { word(at: 40) }
  private var claimedCount: SharedLongWord { word(at: 48) }
  /// Counts deaths: every sleeper watches it.
  package var deaths: SharedWord { SharedWord(at: mapping.address + 128) }

  /// A process's place.
  struct Slot {
    let identity: SharedLongWord
    /// `RegistryTable.stamp`.
    let started: SharedLongWord
    let parent: SharedLongWord
  }

  func slot(_ index: Int) -> Slot {
    let offset = Self.firstSlot + index * Self.slotSize
    return Slot(identity: word(at: offset), started: word(at: offset + 8), parent: word(at: offset + 16))
  }

  /// Slots that were ever claimed.
  var used: Range<Int> { 0..<min(Self.slotCount(claimedCount.load()), reserved) }

  /// Slots that have memory: as many as the table says, and not more than the file's size says.
  private var reserved: Int {
    let said = Self.slotCount(reservedCount.load())
    if said > seenSlots.load(ordering: .relaxed) {
      // Without an answer (somebody closed the descriptor) the table is believed: a live process must not look dead.
      guard let byteCount = try? file.status().byteCount else { return said }
      noteSize(byteCount)
    }
    return min(said, seenSlots.load(ordering: .relaxed))
  }

  private func noteSize(_ byteCount: Int) {
    seenSlots.max(min(OwnerID.mostSlots, (byteCount - Self.firstSlot) / Self.slotSize), ordering: .relaxed)
  }

  private static func slotCount(_ bits: UInt64) -> Int { Int(min(bits, UInt64(OwnerID.mostSlots))) }

  /// Whether the process still has its slot: nobody has noticed its death.
  package func isLive(_ id: OwnerID) -> Bool {
    used.contains(id.slot) && slot(id.slot).identity.load() == id.bits | OwnerID.freeBit
  }
}

extension RegistryTable {
  /// Takes a free slot for a process. `parent` nil: the root, its own parent.
  ///
  /// - Throws: `unsupported` when all are taken, `outOfMemory` when there is no memory for another.
  func claim(process: ProcessID, startTime: UInt64, parent: OwnerID?) throws -> OwnerID {
    for index in 0..<limit {
      try prepare(index)
      let slot = slot(index)
      var found = slot.identity.load()
      while found & OwnerID.freeBit == 0 {
        let generation = OwnerID(bits: found).map { $0.generation + 1 } ?? 0
        let id = OwnerID(slot: index, generation: generation, process: process)
        guard slot.identity.exchange(&found, for: id.bits | OwnerID.freeBit) else { continue }
        // The stamp last: with it the parent counts.
        if store((parent ?? id).bits, in: slot.parent, of: id),
          store(Self.stamp(startTime, of: id), in: slot.started, of: id)
        {
          return id
        }
        found = slot.identity.load()
      }
    }
    throw MultiprocessingError(
      .unsupported, "\(limit) processes of this tree use primitives: there is no room for another")
  }

  /// Stores what a process says of itself; false when the slot is not its any more. A word that changes meanwhile is
  /// looked at anew, so nothing that a later claimer stored is overwritten.
  private func store(_ value: UInt64, in word: SharedLongWord, of id: OwnerID) -> Bool {
    var found = word.load()
    while isLive(id) {
      if word.exchange(&found, for: value) { return true }
    }
    return false
  }

  /// A start time, and whose it is: between a claim and its stores a slot holds what an earlier process said.
  static func stamp(_ startTime: UInt64, of id: OwnerID) -> UInt64 { startTime << 27 | id.generation }

  /// What a process said of itself when it claimed its slot; nil when it has not yet, or the slot is another's.
  func claimed(by id: OwnerID) -> (stamp: UInt64, parent: UInt64)? {
    guard used.contains(id.slot) else { return nil }
    let stamp = slot(id.slot).started.load()
    guard stamp != id.generation, stamp & OwnerID.generationMask == id.generation else { return nil }
    return (stamp, slot(id.slot).parent.load())
  }

  /// Sees to it that a slot has memory and is searched. The file grows first, so who finds the number finds the memory.
  private func prepare(_ index: Int) throws {
    if index >= reserved {
      let start = Self.byteCount(of: index)
      do {
        try file.reserve(start..<start + Self.step * Self.slotSize)
      } catch let error as SystemError {
        throw MultiprocessingError(
          error.isOutOfMemory ? .outOfMemory : .system, doing: "reserving memory for the registry", error)
      }
      raise(reservedCount, to: UInt64(index + Self.step))
    }
    raise(claimedCount, to: UInt64(index + 1))
  }

  private func raise(_ word: SharedLongWord, to value: UInt64) {
    var found = word.load()
    while found < value, !word.exchange(&found, for: value) {}
  }

  /// Marks a process as dead; false when it was already, or its slot is another's.
  @discardableResult func mark(_ id: OwnerID) -> Bool {
    var expected = id.bits | OwnerID.freeBit
    return used.contains(id.slot) && slot(id.slot).identity.exchange(&expected, for: id.bits)
  }

  /// Wakes every sleeper, to look again. After the mark.
  func ring() {
    deaths.add(1)
    deaths.wake()
  }

  /// Who has the slot.
  func occupant(of index: Int) -> OwnerID? {
    let bits = slot(index).identity.load()
    guard bits & OwnerID.freeBit != 0, let id = OwnerID(bits: bits), id.slot == index else { return nil }
    return id
  }

  /// The live slots of a process id: one, unless the death of an earlier process of that id was not noticed.
  func all(of process: ProcessID) -> [OwnerID] {
    // One load for each slot, and nothing else: this is asked at the death of every child.
    var found: [OwnerID] = []
    for index in used {
      if let id = occupant(of: index), id.process == process { found.append(id) }
    }
    return found
  }

  /// The live slot of a process id.
  func find(process: ProcessID) -> OwnerID? { all(of: process).last }
}
