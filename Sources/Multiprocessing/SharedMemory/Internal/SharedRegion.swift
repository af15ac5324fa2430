internal import MultiprocessingSystem

// SAFETY: an own or received file cannot shrink, and offsets are compared with its size.

/// A shared file as this process sees it: one mapping, however many handles lie in it.
final class SharedRegion: BlockSource {
  let file: SharedFile
  let mapping: SharedMapping
  private let identity: SharedFileStatus.Identity

  init(file: SharedFile, mapping: SharedMapping, identity: SharedFileStatus.Identity) {
    self.file = file
    self.mapping = mapping
    self.identity = identity
  }

  deinit { SharedRegions.current.forget(identity) }

  /// A file of its own for `byteCount` bytes, reserved.
  static func make(byteCount: Int) throws -> SharedRegion {
    let file = try SharedFile(named: "mp-shared")
    try MemoryReservation.reserve(0..<byteCount, of: file)
    try file.fix()
    return try SharedRegions.current.add(file, byteCount: byteCount)
  }

  /// A file of its own for `byteCount` bytes, of which none has memory yet.
  static func window(byteCount: Int) throws -> SharedRegion {
    let file = try SharedFile(named: "mp-shared")
    try file.extend(to: byteCount)
    try file.fix()
    return try SharedRegions.current.add(file, byteCount: byteCount)
  }

  /// All of a file that has a name, as large as it is now.
  ///
  /// Not among the regions that are known by their files: its size may change, and every handle keeps its own.
  static func named(_ name: String, _ file: SharedFile) throws -> SharedRegion {
    do {
      let status = try file.status()
      guard status.isRegular, status.byteCount > 0 else {
        throw MultiprocessingError(
          .system,
          "the shared memory named \(name.debugDescription) is empty: it is no shared memory, or still being made")
      }
      let mapping = try file.map(byteCount: status.byteCount)
      return SharedRegion(file: file, mapping: mapping, identity: status.identity)
    } catch let error as SystemError {
      throw MultiprocessingError(doing: "the shared memory named \(name.debugDescription) could not be mapped", error)
    }
  }

  func retain(_ offset: Int, byteCount: Int) throws {
    let size = min(try file.status().byteCount, mapping.byteCount)
    let (end, overflow) = offset.addingReportingOverflow(byteCount)
    guard offset >= 0, byteCount > 0, !overflow, end <= size, offset % SharedBlock.alignment(of: byteCount) == 0 else {
      throw Self.damaged
    }
  }

  func release(_ offset: Int) {}

  func lend(_ offset: Int) -> Descriptor { file.descriptor }
}
