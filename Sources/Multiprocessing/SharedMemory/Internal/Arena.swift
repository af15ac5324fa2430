internal import MultiprocessingSystem
internal import Synchronization

// SAFETY: offsets come from `ArenaMap`, which keeps them below what is reserved; the file cannot shrink.

/// One file for many small blocks, allocated by the process that made it and by no other.
///
/// Who may see a slot, and when it is used again: README of this folder.
final class Arena: BlockSource {
  /// The largest size of an arena, all of it mapped from the start.
  static let window = 1 << 20

  let mapping: SharedMapping
  let identity: SharedFileStatus.Identity
  private let file: SharedFile
  private let map = Mutex(ArenaMap())
  // SAFETY: relaxed throughout: the memory is there for every thread as soon as the kernel has given it.
  /// Bytes of the file with memory behind them. They only grow.
  private let reserved = Atomic(0)
  private let lent = Mutex(Lent())
  private let copy = CopyStamp()

  private struct Lent {
    weak var descriptor: Descriptor?
    /// The arena's own file was sent: nothing tells whether somebody has it.
    var isForGood = false
  }

  init() throws {
    file = try SharedFile(named: "mp-shared")
    try file.fix(mayGrow: true)
    mapping = try file.map(byteCount: Self.window)
    identity = try file.status().identity
  }

  deinit { SharedRegions.current.forget(identity) }

  /// Nothing is allocated any more where copies of the process may see any block.
  var isOpen: Bool { !copy.mayHaveBeenMade && !lent.withLock { $0.isForGood } }
  var isIdle: Bool { map.withLock { $0.isIdle } }
  var isWhollyFree: Bool { map.withLock { $0.isWhollyFree } }

  /// The offset of a block, zeroed; nil when the arena is full.
  func allocate(_ byteCount: Int, sizeNumber: Int) throws -> Int? {
    var hasSwept = false
    while true {
      // SAFETY: relaxed, as said above.
      let limit = reserved.load(ordering: .relaxed)
      let (offset, retired) = map.withLock { map in
        (map.take(byteCount, sizeNumber: sizeNumber, below: limit), map.retiredCount)
      }
      if let offset {
        (mapping.address + offset).initializeMemory(as: UInt8.self, repeating: 0, count: ArenaMap.sizes[sizeNumber])
        return offset
      }
      if retired > 0, !hasSwept {
        hasSwept = true
        if sweep() { continue }
      }
      guard limit < Self.window else { return nil }
      try grow(from: limit)
    }
  }

  /// Twice the size; threads that do so at the same time reserve the same bytes.
  private func grow(from size: Int) throws {
    let larger = min(max(8192, size * 2), Self.window)
    try MemoryReservation.reserve(size..<larger, of: file)
    // SAFETY: relaxed, as said above.
    reserved.max(larger, ordering: .relaxed)
  }

  /// Makes retired slots free if no other process can see the arena.
  private func sweep() -> Bool {
    let sweep = map.withLock { $0.beginSweep() }
    // The question is a system call, so it is asked without the lock.
    guard isOpen, file.isReturned else { return false }
    map.withLock { $0.endSweep(sweep) }
    return true
  }

  func retain(_ offset: Int, byteCount: Int) throws {
    guard map.withLock({ $0.retain(offset, byteCount: byteCount) }) else { throw Self.damaged }
  }

  func release(_ offset: Int) {
    // In a copy another thread may have held the lock; and what the copy thinks of its parent's slots does not matter.
    if copy.isHere { return }
    let mayBeSeen = !isOpen
    let (isIdle, retired) = map.withLock { map in
      map.release(offset, mayBeSeen: mayBeSeen)
      return (map.isIdle, map.retiredCount)
    }
    guard isIdle else { return }
    if retired > 0 { _ = sweep() }
    SharedAllocator.current.reconsider(self)
  }

  /// Makes a wholly free arena as good as new.
  func reset() { map.withLock { $0.reset() } }

  func lend(_ offset: Int) -> Descriptor {
    if copy.isHere { return file.descriptor }
    map.withLock { $0.lend(offset) }
    if let known = lent.withLock({ $0.descriptor }) { return known }
    let fresh = file.lend()
    return lent.withLock { lent in
      guard let fresh else {
        lent.isForGood = true
        return file.descriptor
      }
      lent.descriptor = fresh
      return fresh
    }
  }
}

/// Where something was made, among the copies of a process.
struct CopyStamp: Sendable {
  private let maker = ForkStamp()
  private let forks = ProcessControl.forkCount

  /// This process is a copy of the one that made it.
  var isHere: Bool { maker.isInherited }
  /// The process that made it was copied since.
  var mayHaveBeenMade: Bool { forks != ProcessControl.forkCount || isHere }
}
