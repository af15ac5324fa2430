internal import MultiprocessingSystem

// SAFETY: `address` lies in the mapping of `region`, which this object keeps; what is written there is synchronised by
// those who use the block.

/// A block of memory that several processes see, zeroed at first.
///
/// Given up with its last reference. It crosses to other processes as a descriptor, an offset and a length; all handles
/// for one block in one process have the same address.
package final class SharedBlock: Codable, Sendable {
  /// The first byte: aligned to 64, and to 128 in blocks above 64 bytes.
  package nonisolated(unsafe) let address: UnsafeMutableRawPointer
  package let byteCount: Int
  private let region: SharedRegion
  private let offset: Int

  /// The largest alignment of a block.
  package static let alignment = 128

  /// - Parameter isIsolated: gives the block a file of its own, so that who receives it sees no neighbours.
  /// - Throws: `outOfMemory`, `invalidArgument` for a length below 1, `system`.
  package init(byteCount: Int, isIsolated: Bool = false) throws {
    guard byteCount > 0 else {
      throw MultiprocessingError(.invalidArgument, "a shared block of \(byteCount) bytes: at least one is needed")
    }
    do {
      let file = try SharedFile(named: "mp-shared")
      try file.reserve(0..<byteCount)
      region = try SharedRegion(file: file, mapping: file.map(byteCount: byteCount))
    } catch let error as SystemError {
      let code: MultiprocessingError.Code = error.isOutOfMemory ? .outOfMemory : .system
      throw MultiprocessingError(code, doing: "\(byteCount) bytes of shared memory could not be reserved", error)
    }
    self.byteCount = byteCount
    offset = 0
    address = region.mapping.address
    try SharedRegions.current.remember(region)
  }

  /// The same block, from another process.
  package init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let index = try container.decode(Int.self)
    offset = try container.decode(Int.self)
    byteCount = try container.decode(Int.self)
    let descriptor = try TransferContext.current(decoder.userInfo).descriptor(at: index)
    let size: Int
    (region, size) = try SharedRegions.current.region(of: descriptor)
    let (end, overflow) = offset.addingReportingOverflow(byteCount)
    guard offset >= 0, byteCount > 0, !overflow, end <= min(size, region.mapping.byteCount), offset % 64 == 0 else {
      throw MultiprocessingError(.notTransferable, "the message names shared memory that is not there: it is damaged")
    }
    address = region.mapping.address + offset
  }

  package func encode(to encoder: any Encoder) throws {
    let index = try TransferContext.current(encoder.userInfo).attach(region.descriptor())
    var container = encoder.unkeyedContainer()
    try container.encode(index)
    try container.encode(offset)
    try container.encode(byteCount)
  }
}
