internal import MultiprocessingSystem
internal import Synchronization

// SAFETY: entries lie between `ledgerPlace` and the first segment: their indices are below `ledgerEntries`. The cached
// index is a hint, so relaxed: the owner in the entry decides.

/// Which process took how many items, and how many of them are done. Words and rules: `README.md`.
final class QueueLedger: Sendable {
  private let words: QueueWords
  private let table: RegistryTable
  private let ownIndex = Atomic(0)

  private static let taking: UInt64 = 1
  private static let retiring: UInt64 = 2

  init(_ memory: QueueMemory) {
    words = memory.words
    table = memory.table
  }

  private var journal: SharedLongWord { words.longWord(at: 1024) }
  private var noted: (SharedLongWord, SharedLongWord) { (words.longWord(at: 1032), words.longWord(at: 1040)) }
  private var doneOfFormer: SharedLongWord { words.longWord(at: 1048) }
  private var lostOfFormer: SharedLongWord { words.longWord(at: 1056) }
  private var reported: SharedLongWord { words.longWord(at: 1064) }
  private var usedCount: SharedLongWord { words.longWord(at: 1072) }

  private struct Entry {
    let owner: SharedLongWord
    let taken: SharedLongWord
    let done: SharedLongWord
  }

  private func entry(_ index: Int) -> Entry {
    let place = QueueWords.ledgerPlace + index * QueueWords.ledgerEntrySize
    return Entry(
      owner: words.longWord(at: place), taken: words.longWord(at: place + 8), done: words.longWord(at: place + 16))
  }

  private var used: Range<Int> { 0..<Int(min(usedCount.load(), UInt64(QueueWords.ledgerEntries))) }

  private func find(_ own: OwnerID) -> Int? {
    let hint = ownIndex.load(ordering: .relaxed)
    if entry(hint).owner.load() == own.bits { return hint }
    guard let index = used.first(where: { entry($0).owner.load() == own.bits }) else { return nil }
    ownIndex.store(index, ordering: .relaxed)
    return index
  }
}

/// Under the consumers' latch.
extension QueueLedger {
  /// Has `move` store the head, and notes for this process that it took items: both, or neither.
  func noteTaking(_ number: Int, to head: QueueMark, move: (QueueMark) -> Void) throws {
    let index = try ownEntry()
    let taken = entry(index).taken.load() &+ UInt64(number)
    noted.0.store(taken)
    noted.1.store(head.bits)
    journal.store(Self.taking | UInt64(index) << 8)
    move(head)
    entry(index).taken.store(taken)
    journal.store(0)
  }

  private func ownEntry() throws -> Int {
    let own = try ProcessRegistry.ownID()
    if let index = find(own) { return index }
    let index = try freeEntry()
    if index >= used.count { usedCount.store(UInt64(index + 1)) }
    entry(index).owner.store(own.bits)
    return index
  }

  private func freeEntry() throws -> Int {
    if let index = used.first(where: { entry($0).owner.load() == 0 }) { return index }
    if used.count < QueueWords.ledgerEntries { return used.count }
    guard let index = used.first(where: { isDead(entry($0)) }) else {
      throw MultiprocessingError(
        .unsupported, "\(QueueWords.ledgerEntries) processes take items of this queue: there is no room for another")
    }
    retire(index)
    return index
  }

  private func isDead(_ entry: Entry) -> Bool {
    OwnerID(bits: entry.owner.load()).map { !table.isLive($0) } ?? false
  }

  private func retire(_ index: Int) {
    let entry = entry(index)
    let (taken, done) = (entry.taken.load(), entry.done.load())
    noted.0.store(doneOfFormer.load() &+ done)
    noted.1.store(lostOfFormer.load() &+ taken &- done)
    journal.store(Self.retiring | UInt64(index) << 8)
    finishRetiring(index)
    journal.store(0)
    words.completion.ringAll()
  }

  private func finishRetiring(_ index: Int) {
    doneOfFormer.store(noted.0.load())
    lostOfFormer.store(noted.1.load())
    entry(index).owner.store(0)
    entry(index).taken.store(0)
    entry(index).done.store(0)
  }

  /// After a death under the latch.
  func repair() {
    let note = journal.load()
    let index = Int(note >> 8 & 0xFFFF)
    guard index < QueueWords.ledgerEntries else { return journal.store(0) }
    if note & 0xFF == Self.taking, words.headWord.load() == noted.1.load() {
      entry(index).taken.store(noted.0.load())
    } else if note & 0xFF == Self.retiring {
      finishRetiring(index)
    }
    journal.store(0)
    words.completion.ringAll()
  }
}

extension QueueLedger {
  /// How many items were lost with their processes, of which a `joinAll` has told.
  var lostReported: UInt64 { reported.load() }

  func noteReported(_ lost: UInt64) {
    var found = reported.load()
    while found < lost, !reported.exchange(&found, for: lost) {}
  }

  /// Marks an item done that this process took; false when it has none.
  func noteDone() throws -> Bool {
    guard let index = find(try ProcessRegistry.ownID()) else { return false }
    let entry = entry(index)
    var done = entry.done.load()
    repeat {
      if done >= entry.taken.load() { return false }
    } while !entry.done.exchange(&done, for: done + 1)
    // Between a retirement's steps this counts too few as done; the retirement rings itself.
    if standing().unfinished == 0 { words.completion.ringAll() }
    return true
  }

  /// How many items are neither done nor lost, and how many were ever lost. Exact under the consumers' latch.
  func standing() -> (unfinished: UInt64, lost: UInt64) {
    var (done, lost) = (doneOfFormer.load(), lostOfFormer.load())
    for index in used {
      let entry = entry(index)
      guard let owner = OwnerID(bits: entry.owner.load()) else { continue }
      let entryDone = entry.done.load()
      done &+= entryDone
      if !table.isLive(owner) { lost &+= entry.taken.load() &- entryDone }
    }
    // The tail last: nothing is counted as done that was not put.
    return ((words.tail.count &- done &- lost) & QueueMark.countMask, lost)
  }
}
