internal import MultiprocessingSystem
internal import Synchronization

/// The shared files that this process has mapped. A forked copy begins with none.
final class SharedRegions: Sendable {
  private static let perProcess = PerProcess { SharedRegions() }
  static var current: SharedRegions { perProcess.value }

  private struct Entry { weak var source: (any BlockSource)? }
  private let entries = Mutex<[SharedFileStatus.Identity: Entry]>([:])

  /// Maps a file that this process made.
  func add(_ file: SharedFile, byteCount: Int) throws -> SharedRegion {
    let identity = try file.status().identity
    let region = SharedRegion(file: file, mapping: try file.map(byteCount: byteCount), identity: identity)
    entries.withLock { $0[identity] = Entry(source: region) }
    return region
  }

  func add(_ arena: Arena) {
    entries.withLock { $0[arena.identity] = Entry(source: arena) }
  }

  /// To be called at the end of a source.
  func forget(_ identity: SharedFileStatus.Identity) {
    // Another may have taken its place, and this be the last to hold it: its end comes here too, not under the lock.
    let successor = entries.withLock { entries -> (any BlockSource)? in
      let source = entries[identity]?.source
      if source == nil { entries[identity] = nil }
      return source
    }
    withExtendedLifetime(successor) {}
  }

  /// What shows the file of a descriptor from a message.
  ///
  /// - Throws: `notTransferable` where it is no memory of the library's, `system` where it cannot be mapped.
  func source(of descriptor: Descriptor) throws -> any BlockSource {
    let status = try SharedFileStatus(of: descriptor)
    if let known = entries.withLock({ $0[status.identity]?.source }) { return known }
    guard status.isSealed, status.byteCount > 0 else {
      throw MultiprocessingError(.notTransferable, "the message came with a descriptor that is no shared memory")
    }
    let file = try SharedFile(copying: descriptor)
    // An arena may grow: the window shows what will be.
    let mapping = try file.map(byteCount: max(status.byteCount, Arena.window))
    let region = SharedRegion(file: file, mapping: mapping, identity: status.identity)
    return entries.withLock { entries in
      // Another thread may have been faster.
      if let known = entries[status.identity]?.source { return known }
      entries[status.identity] = Entry(source: region)
      return region
    }
  }
}
