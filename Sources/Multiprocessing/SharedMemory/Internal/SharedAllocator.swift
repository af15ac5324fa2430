internal import MultiprocessingSystem
internal import Synchronization

/// Finds room for blocks. One in each process: a forked copy begins without arenas.
final class SharedAllocator: Sendable {
  private static let perProcess = PerProcess { SharedAllocator() }
  static var current: SharedAllocator { perProcess.value }

  private let arenas = Mutex<[Arena]>([])

  /// Room for a small block, zeroed; nil for a large one.
  func allocate(_ byteCount: Int) throws -> (arena: Arena, offset: Int)? {
    guard let sizeNumber = ArenaMap.sizeNumber(for: byteCount) else { return nil }
    // The newest first: the others tend to be full.
    var refusal: (any Error)?
    for arena in openArenas().reversed() {
      do {
        if let offset = try arena.allocate(byteCount, sizeNumber: sizeNumber) { return (arena, offset) }
      } catch {
        // It may not grow: another may have room without that.
        refusal = error
      }
    }
    if let refusal { throw refusal }
    let arena = try Arena()
    guard let offset = try arena.allocate(byteCount, sizeNumber: sizeNumber) else { return nil }
    SharedRegions.current.add(arena)
    arenas.withLock { $0.append(arena) }
    return (arena, offset)
  }

  /// The arenas that may be allocated from; those no longer open are left to their blocks.
  private func openArenas() -> [Arena] {
    let known = arenas.withLock { $0 }
    if known.allSatisfy(\.isOpen) { return known }
    return arenas.withLock { arenas in
      arenas.removeAll { !$0.isOpen }
      return arenas
    }
  }

  /// Gives up an arena without live blocks, but for one that is wholly free.
  func reconsider(_ arena: Arena) {
    arenas.withLock { arenas in
      guard let index = arenas.firstIndex(where: { $0 === arena }), arena.isIdle else { return }
      if arena.isOpen, arena.isWhollyFree, !arenas.contains(where: { $0 !== arena && $0.isWhollyFree }) {
        arena.reset()
      } else {
        arenas.remove(at: index)
      }
    }
  }
}
