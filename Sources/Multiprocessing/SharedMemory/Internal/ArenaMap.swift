/// The slots of one arena: which are free, who uses the others. Pure state; offsets are bytes from the arena's start.
///
/// The states are drawn in the README of this folder.
struct ArenaMap {
  /// Sizes of slots. Above 64 all are multiples of 128, which aligns their slots to 128.
  static let sizes = [64, 128, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]

  /// The number of the smallest size that holds a block; nil for blocks that are too large for arenas.
  static func sizeNumber(for byteCount: Int) -> Int? { sizes.firstIndex { byteCount <= $0 } }

  private enum State {
    case free
    case live(handles: Int, isLent: Bool)
    /// Seen by others perhaps; the stamp is that of the last sweep that began before.
    case retired(stamp: Int)
  }

  private struct Slot {
    let sizeNumber: Int
    var byteCount = 0
    var state = State.free
  }

  private var slots: [Int: Slot] = [:]
  private var free = [[Int]](repeating: [], count: sizes.count)
  private var stamp = 0
  /// Where the next new slot begins, but for its alignment.
  private(set) var end = 0
  private(set) var liveCount = 0
  private(set) var retiredCount = 0

  var isIdle: Bool { liveCount == 0 }
  var isWhollyFree: Bool { liveCount == 0 && retiredCount == 0 }

  /// Makes a live slot of a free one, or of room below `limit`; nil when there is neither.
  mutating func take(_ byteCount: Int, sizeNumber: Int, below limit: Int) -> Int? {
    guard let offset = free[sizeNumber].popLast() ?? extend(sizeNumber, below: limit) else { return nil }
    slots[offset] = Slot(sizeNumber: sizeNumber, byteCount: byteCount, state: .live(handles: 1, isLent: false))
    liveCount += 1
    return offset
  }

  private mutating func extend(_ sizeNumber: Int, below limit: Int) -> Int? {
    let size = Self.sizes[sizeNumber]
    let offset = size > 64 ? (end + 127) / 128 * 128 : end
    guard offset + size <= limit else { return nil }
    if offset > end {
      slots[end] = Slot(sizeNumber: 0)
      free[0].append(end)
    }
    end = offset + size
    return offset
  }

  /// One more handle for the block at `offset`; false when there is no such block.
  mutating func retain(_ offset: Int, byteCount: Int) -> Bool {
    guard let slot = slots[offset], slot.byteCount == byteCount else { return false }
    switch slot.state {
    case .free: return false
    case .live(let handles, _): slots[offset]?.state = .live(handles: handles + 1, isLent: true)
    case .retired:
      slots[offset]?.state = .live(handles: 1, isLent: true)
      liveCount += 1
      retiredCount -= 1
    }
    return true
  }

  /// The block at `offset` is about to be seen by others.
  mutating func lend(_ offset: Int) {
    guard case .live(let handles, _)? = slots[offset]?.state else { return }
    slots[offset]?.state = .live(handles: handles, isLent: true)
  }

  /// One handle less.
  ///
  /// - Parameter mayBeSeen: others may see any block, whether it was lent or not.
  mutating func release(_ offset: Int, mayBeSeen: Bool) {
    guard case .live(let handles, let isLent)? = slots[offset]?.state else { return }
    if handles > 1 {
      slots[offset]?.state = .live(handles: handles - 1, isLent: isLent)
      return
    }
    liveCount -= 1
    if isLent || mayBeSeen {
      slots[offset]?.state = .retired(stamp: stamp)
      retiredCount += 1
    } else {
      makeFree(offset)
    }
  }

  /// Begins a sweep: what is retired by now may become free by it.
  mutating func beginSweep() -> Int {
    stamp += 1
    return stamp
  }

  /// Nobody else could see the arena at some moment after the sweep began.
  mutating func endSweep(_ sweep: Int) {
    for (offset, slot) in slots {
      guard case .retired(let stamp) = slot.state, stamp < sweep else { continue }
      retiredCount -= 1
      makeFree(offset)
    }
  }

  private mutating func makeFree(_ offset: Int) {
    guard let slot = slots[offset] else { return }
    slots[offset]?.state = .free
    free[slot.sizeNumber].append(offset)
  }

  /// Forgets all slots of a wholly free arena, so that sizes may be chosen anew.
  mutating func reset() {
    guard isWhollyFree else { return }
    slots = [:]
    free = [[Int]](repeating: [], count: Self.sizes.count)
    end = 0
  }
}
