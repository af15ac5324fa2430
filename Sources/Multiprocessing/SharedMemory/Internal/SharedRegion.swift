internal import MultiprocessingSystem
internal import Synchronization

// SAFETY: a region's mapping lives as long as the region, and everything handed out keeps the region. Its file cannot
// shrink, and offsets are compared with its size, so no access through it faults.

/// A shared file as this process sees it: one mapping, however many handles lie in it.
package final class SharedRegion: Sendable {
  let file: SharedFile
  let mapping: SharedMapping
  private let key: SharedFile.Identity?

  /// A region of this process's own making.
  init(file: SharedFile, mapping: SharedMapping) throws {
    self.file = file
    self.mapping = mapping
    key = try file.status().identity
  }

  /// A descriptor to send along with a message.
  func descriptor() throws -> Descriptor { file.descriptor }

  deinit { if let key { SharedRegions.current.forget(key) } }
}

/// The regions of this process, by the files they show. A forked copy begins with none.
final class SharedRegions: Sendable {
  private static let perProcess = PerProcess { SharedRegions() }
  static var current: SharedRegions { perProcess.value }

  private struct Entry { weak var region: SharedRegion? }
  private let entries = Mutex<[SharedFile.Identity: Entry]>([:])

  func remember(_ region: SharedRegion) throws {
    let identity = try region.file.status().identity
    entries.withLock { $0[identity] = Entry(region: region) }
  }

  func forget(_ identity: SharedFile.Identity) {
    entries.withLock { if $0[identity]?.region == nil { $0[identity] = nil } }
  }

  /// The region that shows the file of a descriptor from a message.
  ///
  /// - Throws: `notTransferable` where it is no shared file, a `SystemError` where it cannot be mapped.
  func region(of descriptor: Descriptor) throws -> (region: SharedRegion, byteCount: Int) {
    let (identity, byteCount) = try SharedFile.status(of: descriptor)
    if let known = entries.withLock({ $0[identity]?.region }) { return (known, byteCount) }
    guard let file = try SharedFile(received: descriptor), byteCount > 0 else {
      throw MultiprocessingError(.notTransferable, "the message came with a descriptor that is no shared memory")
    }
    let region = try SharedRegion(file: file, mapping: file.map(byteCount: byteCount))
    return entries.withLock { entries in
      // Another thread may have been faster.
      if let known = entries[identity]?.region { return (known, byteCount) }
      entries[identity] = Entry(region: region)
      return (region, byteCount)
    }
  }
}
