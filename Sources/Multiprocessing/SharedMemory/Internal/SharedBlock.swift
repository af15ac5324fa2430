internal import MultiprocessingSystem

// SAFETY: `address` lies in the mapping of `source`, which this object keeps, and `byteCount` bytes of it are in the
// file; what is written there is synchronised by those who use the block.

/// A block of memory that several processes see, zeroed at first.
///
/// Given up with its last reference. It crosses to other processes as a descriptor, an offset and a length; all handles
/// for one block in one process have the same address.
package final class SharedBlock: Codable, Sendable {
  /// The first byte: aligned to 64, and to 128 in blocks above 64 bytes.
  package nonisolated(unsafe) let address: UnsafeMutableRawPointer
  package let byteCount: Int
  private let source: any BlockSource
  private let offset: Int

  /// How the blocks of a size are aligned.
  package static func alignment(of byteCount: Int) -> Int { byteCount > 64 ? 128 : 64 }

  /// - Parameter isIsolated: gives the block a file of its own, so that who receives it sees no neighbours.
  /// - Throws: `outOfMemory`; `invalidArgument` for a length below 1; `system`.
  package init(byteCount: Int, isIsolated: Bool = false) throws {
    guard byteCount > 0 else {
      throw MultiprocessingError(.invalidArgument, "a shared block of \(byteCount) bytes: at least one is needed")
    }
    do {
      if !isIsolated, let (arena, offset) = try SharedAllocator.current.allocate(byteCount) {
        (source, self.offset) = (arena, offset)
      } else {
        (source, offset) = (try SharedRegion.make(byteCount: byteCount), 0)
      }
    } catch let error as SystemError {
      throw MemoryReservation.failure(byteCount, error)
    }
    self.byteCount = byteCount
    address = source.mapping.address + offset
  }

  /// All of a region, which is mapped to its last byte.
  init(whole region: SharedRegion) {
    (source, offset) = (region, 0)
    byteCount = region.mapping.byteCount
    address = region.mapping.address
  }

  /// A window into a file of its own, in which nothing has memory yet: see `reserve`.
  ///
  /// - Throws: `system` when there is no room for it in the address space, or files may not be that large.
  package init(windowOf byteCount: Int) throws {
    do {
      (source, offset) = (try SharedRegion.window(byteCount: byteCount), 0)
    } catch {
      throw MultiprocessingError(doing: "mapping a window of \(byteCount) bytes of shared memory", error)
    }
    self.byteCount = byteCount
    address = source.mapping.address
  }

  /// The same block, from another process.
  package init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let index = try container.decode(Int.self)
    offset = try container.decode(Int.self)
    byteCount = try container.decode(Int.self)
    let descriptor = try TransferContext.current(decoder.userInfo).descriptor(at: index)
    source = try SharedRegions.current.source(of: descriptor)
    try source.retain(offset, byteCount: byteCount)
    address = source.mapping.address + offset
  }

  deinit { source.release(offset) }

  /// Writes where the block is: only on its way to another process.
  package func encode(to encoder: any Encoder) throws {
    let context = try TransferContext.current(encoder.userInfo)
    var container = encoder.unkeyedContainer()
    try container.encode(context.attachOnce(source.lend(offset)))
    try container.encode(offset)
    try container.encode(byteCount)
  }
}

/// Windows: blocks that are larger than what they hold at any time.
extension SharedBlock {
  /// Gives a range of a window memory of its own.
  ///
  /// - Throws: `outOfMemory`, `system`. Then some of the range may have memory.
  package func reserve(_ range: Range<Int>) throws {
    guard let region = source as? SharedRegion, 0 <= range.lowerBound, range.upperBound <= byteCount else {
      throw SharedRegion.damaged
    }
    try MemoryReservation.reserve(range, of: region.file)
  }

  /// Takes the memory of a range of a window back; it reads as zeros.
  package func giveBack(_ range: Range<Int>) {
    (source as? SharedRegion)?.file.punch(range.clamped(to: 0..<byteCount))
  }
}
