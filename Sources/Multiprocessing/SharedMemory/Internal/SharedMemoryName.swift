internal import MultiprocessingSystem

/// A name under which unrelated programs find shared memory.
struct SharedMemoryName: Sendable {
  /// As the user wrote it.
  let text: String
  /// Without the slash that C programs put in front.
  private let bare: String

  /// - Throws: `invalidArgument`.
  init(_ text: String) throws {
    self.text = text
    bare = text.hasPrefix("/") ? String(text.dropFirst()) : text
    if let problem = Self.problem(bare) {
      throw MultiprocessingError(
        .invalidArgument, "\(text.debugDescription) cannot name shared memory: \(problem)")
    }
  }

  private static func problem(_ name: String) -> String? {
    switch name {
    case "": "a name needs at least one character"
    case ".", "..": "it means a directory"
    default:
      if name.utf8.contains(0) {
        "it contains a NUL"
      } else if name.utf8.contains(UInt8(ascii: "/")) {
        "a slash may only be its first character"
      } else if name.utf8.count > NamedSharedFile.longestName {
        "it is longer than \(NamedSharedFile.longestName) bytes"
      } else {
        nil as String?
      }
    }
  }

  /// - Throws: `outOfMemory`; `system` when the name is taken.
  func create(byteCount: Int) throws -> SharedFile {
    try reporting("created") {
      try NamedSharedFile.create(bare) { try MemoryReservation.reserve(0..<byteCount, of: $0) }
    }
  }

  /// - Throws: `system` when there is no such name.
  func open() throws -> SharedFile { try reporting("opened") { try NamedSharedFile.open(bare) } }

  func unlink() throws { try reporting("unlinked") { try NamedSharedFile.unlink(bare) } }

  private func reporting<Result>(_ action: String, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as SystemError {
      let hint =
        error.isExisting ? " (it exists: open it, or unlink it first)" : error.isMissing ? " (there is none)" : ""
      let code: MultiprocessingError.Code = error.isOutOfMemory ? .outOfMemory : .system
      let what = "the shared memory named \(text.debugDescription) could not be \(action)\(hint)"
      throw MultiprocessingError(code, doing: what, error)
    }
  }
}
