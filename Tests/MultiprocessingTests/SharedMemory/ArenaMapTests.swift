import Testing

@testable import Multiprocessing

@Suite struct `The slots of an arena` {
  /// By reference, so that expectations may change it.
  private final class Slots {
    var map = ArenaMap()

    func take(_ byteCount: Int, below limit: Int = 1 << 20) throws -> Int? {
      map.take(byteCount, sizeNumber: try #require(ArenaMap.sizeNumber(for: byteCount)), below: limit)
    }
    func retain(_ offset: Int, byteCount: Int) -> Bool { map.retain(offset, byteCount: byteCount) }
    func release(_ offset: Int) { map.release(offset, mayBeSeen: false) }
    func sweep() { map.endSweep(map.beginSweep()) }
  }

  @Test func `follow each other, aligned, until the limit`() throws {
    let slots = Slots()
    #expect(try slots.take(10, below: 512) == 0)
    #expect(try slots.take(100, below: 512) == 128)
    #expect(try slots.take(200, below: 512) == 256)
    #expect(try slots.take(65, below: 512) == nil)
    // The hole before the first aligned one.
    #expect(try slots.take(64, below: 512) == 64)
  }

  @Test func `are used again at once when nobody else saw them`() throws {
    let slots = Slots()
    let first = try #require(try slots.take(64))
    slots.release(first)
    #expect(slots.map.isWhollyFree)
    #expect(try slots.take(1) == first)
  }

  @Test func `are not used again before a sweep when they were lent`() throws {
    let slots = Slots()
    let lent = try #require(try slots.take(64))
    slots.map.lend(lent)
    slots.release(lent)
    #expect(slots.map.isIdle && !slots.map.isWhollyFree && slots.map.retiredCount == 1)
    #expect(try slots.take(64) == lent + 64)
    slots.sweep()
    #expect(try slots.take(64) == lent)
  }

  @Test func `stay retired when they were retired during the sweep`() throws {
    let slots = Slots()
    let lent = try #require(try slots.take(64))
    slots.map.lend(lent)
    let sweep = slots.map.beginSweep()
    slots.release(lent)
    slots.map.endSweep(sweep)
    #expect(slots.map.retiredCount == 1)
    slots.sweep()
    #expect(slots.map.isWhollyFree)
  }

  @Test func `live again when a message brings their block back`() throws {
    let slots = Slots()
    let lent = try #require(try slots.take(64))
    slots.map.lend(lent)
    let sweep = slots.map.beginSweep()
    slots.release(lent)
    #expect(slots.retain(lent, byteCount: 64))
    slots.map.endSweep(sweep)
    #expect(slots.map.liveCount == 1 && slots.map.retiredCount == 0)
    slots.release(lent)
    #expect(slots.map.retiredCount == 1)
  }

  @Test func `live as long as their last handle`() throws {
    let slots = Slots()
    let slot = try #require(try slots.take(64))
    #expect(slots.retain(slot, byteCount: 64))
    slots.release(slot)
    #expect(slots.map.liveCount == 1)
    slots.release(slot)
    #expect(slots.map.liveCount == 0)
  }

  @Test func `are refused to messages that name none, or another length`() throws {
    let slots = Slots()
    let slot = try #require(try slots.take(60))
    for (offset, byteCount) in [(slot, 64), (slot, 61), (slot + 1, 60), (64, 60), (-64, 60), (Int.max, 60)] {
      #expect(!slots.retain(offset, byteCount: byteCount))
    }
    slots.release(slot)
    #expect(!slots.retain(slot, byteCount: 60))
  }

  /// As CPython's test_heap: whatever is allocated and freed, no two blocks overlap and all comes back.
  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `never overlap, and all come back`(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let slots = Slots()
    var blocks: [(offset: Int, byteCount: Int)] = []
    for _ in 0..<5000 {
      if !blocks.isEmpty, Bool.random(using: &random) {
        slots.release(blocks.remove(at: .random(in: blocks.indices, using: &random)).offset)
      } else {
        let byteCount = Int.random(in: 1...2000, using: &random)
        guard let offset = try slots.take(byteCount) else { continue }
        #expect(offset % (byteCount > 64 ? 128 : 64) == 0)
        blocks.append((offset, byteCount))
      }
    }
    blocks.sort { $0.offset < $1.offset }
    for (left, right) in zip(blocks, blocks.dropFirst()) { #expect(left.offset + left.byteCount <= right.offset) }
    #expect(slots.map.liveCount == blocks.count)
    for block in blocks { slots.release(block.offset) }
    #expect(slots.map.isWhollyFree)
    slots.map.reset()
    #expect(slots.map.end == 0)
  }
}
