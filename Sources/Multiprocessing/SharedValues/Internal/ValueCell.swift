internal import MultiprocessingSystem

// SAFETY: `block` is kept and large enough for what is laid out in it; copies are read and written under the latch only,
// but for a holder that died: what it wrote is in the copy that does not count.

/// One value of a known size in a shared block, twice, under a latch.
///
/// | offset | |
/// |---|---|
/// | 0 | latch |
/// | 8 | which copy counts: 0 or 1 |
/// | 16, or the value's alignment | copy 0, then copy 1, each aligned |
///
/// A write goes into the copy that does not count; then one store makes it count. A holder killed before that store
/// leaves the old value, one killed after it the new: nothing is to be repaired.
struct ValueCell: @unchecked Sendable {
  let block: SharedBlock
  private let latch: Latch
  private let choice: CommitWord
  /// The first of the two copies.
  let copies: UnsafeMutableRawPointer
  /// How far the second is from it.
  let distance: Int

  /// A new cell; both copies are zero.
  init(size: Int, alignment: Int) throws {
    guard alignment <= 64 else {
      throw MultiprocessingError(.unsupported, "a shared value cannot have an alignment of \(alignment) bytes")
    }
    let layout = try Self.layout(size, alignment)
    try self.init(SharedBlock(byteCount: layout.byteCount), layout)
  }

  /// The cell in a block that another process sent.
  init(in block: SharedBlock, size: Int, alignment: Int) throws {
    let layout = try Self.layout(size, alignment)
    guard block.byteCount == layout.byteCount else {
      throw MultiprocessingError(.notTransferable, "the shared value that was sent is of another type")
    }
    try self.init(block, layout)
  }

  private init(_ block: SharedBlock, _ layout: (first: Int, distance: Int, byteCount: Int)) throws {
    self.block = block
    copies = block.address + layout.first
    distance = layout.distance
    latch = Latch(at: block.address)
    choice = CommitWord(at: block.address + 8)
    // Joins the registry of processes now, where an error can be told.
    _ = try latch.acquire()
    latch.release()
  }

  private static func layout(_ size: Int, _ alignment: Int) throws -> (first: Int, distance: Int, byteCount: Int) {
    let first = max(16, alignment)
    let distance = max(size + alignment - 1, 1) / alignment * alignment
    let (both, overflow) = distance.multipliedReportingOverflow(by: 2)
    guard !overflow, both < Int.max - first else {
      throw MultiprocessingError(.outOfMemory, "a value of \(size) bytes is more than there can be")
    }
    return (first, distance, first + both)
  }

  /// Takes the latch; the copy that counts.
  @inline(__always) func open() -> UnsafeRawPointer {
    do { _ = try latch.acquire() } catch {
      // This process joined when it got the value; only a forked copy joins anew, and nothing can be thrown here.
      fatalError("the shared value cannot be reached: \(error)")
    }
    return UnsafeRawPointer(copies + (choice.load() & 1 == 0 ? 0 : distance))
  }

  @inline(__always) func close() { latch.release() }

  /// Makes the other copy than `current` count, and gives the latch up.
  @inline(__always) func commit(after current: UnsafeRawPointer) {
    choice.store(current == copies ? 1 : 0)
    latch.release()
  }
}
