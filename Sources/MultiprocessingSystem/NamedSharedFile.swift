internal import CMultiprocessing
internal import Glibc

/// Shared files under a name, for programs that have nothing else in common (`shm_open`).
package enum NamedSharedFile {
  /// The longest name, in bytes.
  package static let longestName = Int(NAME_MAX)

  /// Makes a file that only this user may open. `reserve` gives it its memory before the name can be seen, where the
  /// system allows; where it does not, an opener may meet an empty file.
  ///
  /// - Throws: EEXIST when the name is taken; what `reserve` throws.
  package static func create(_ name: String, reserve: (SharedFile) throws -> Void) throws -> SharedFile {
    if let file = try createHidden(name, reserve: reserve) { return file }
    let flags = O_RDWR | O_CREAT | O_EXCL
    let file = SharedFile(owning: try systemCall("shm_open") { shm_open("/\(name)", flags, 0o600) })
    do { try reserve(file) } catch {
      shm_unlink("/\(name)")
      throw error
    }
    return file
  }

  /// Nil where the system has no files without a name, or no /proc to give them one by.
  private static func createHidden(
    _ name: String, reserve: (SharedFile) throws -> Void
  ) throws -> SharedFile? {
    let number = mp_shared_open_unnamed()
    guard number >= 0 else { return nil }
    let file = SharedFile(owning: number)
    try reserve(file)
    do {
      try systemCall("linkat") { mp_shared_publish(file.descriptor.number, name) }
    } catch let error as SystemError where error.number == ENOENT || error.number == EXDEV {
      return nil
    }
    return file
  }

  /// - Throws: ENOENT when there is no such name.
  package static func open(_ name: String) throws -> SharedFile {
    SharedFile(owning: try systemCall("shm_open") { shm_open("/\(name)", O_RDWR | O_NONBLOCK, 0) })
  }

  /// Takes a name away; who has the memory keeps it.
  ///
  /// - Throws: ENOENT when there is no such name.
  package static func unlink(_ name: String) throws {
    try systemCall("shm_unlink") { shm_unlink("/\(name)") }
  }
}

extension SystemError {
  /// The name is taken.
  package var isExisting: Bool { number == EEXIST }
  /// There is nothing under the name.
  package var isMissing: Bool { number == ENOENT }
}
