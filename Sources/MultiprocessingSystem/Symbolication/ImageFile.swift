internal import Glibc

/// An executable or library on disk, opened to be read in pieces.
///
/// It is read rather than mapped: a mapped file that is truncated meanwhile, as by a linker that writes over its old
/// output, ends the reader with SIGBUS; a short read is only a failed lookup. It also keeps string tables of tens of
/// megabytes out of our memory.
struct ImageFile: Sendable {
  /// What changes when the file is written or replaced.
  struct Identity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: UInt64
    var seconds: Int
    var nanoseconds: Int
  }

  let identity: Identity
  private let descriptor: Descriptor

  var size: UInt64 { identity.size }

  /// Opens a regular file; nil for anything else. The empty path is this program.
  init?(path: String) {
    // O_NONBLOCK: the path may come from a damaged process and name a FIFO.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    let opened = try? systemCall("open") { open(path.isEmpty ? "/proc/self/exe" : path, flags) }
    guard let opened else { return nil }
    descriptor = Descriptor(owning: opened)
    var status = stat()
    guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return nil }
    identity = Identity(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: UInt64(status.st_size),
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
  }

  /// Exactly `count` bytes from `offset`; nil when the file has fewer, or when it is more than `Self.largestRead`.
  func bytes(at offset: UInt64, count: UInt64) -> [UInt8]? {
    guard count <= Self.largestRead, offset <= size, count <= size - offset else { return nil }
    let result = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
      while filled < Int(count) {
        // SAFETY: the buffer holds `count` bytes, of which the first `filled` are written.
        let read = try? systemCall("pread") {
          pread(descriptor.number, buffer.baseAddress! + filled, Int(count) - filled, off_t(offset) + off_t(filled))
        }
        guard let read, read > 0 else { return }
        filled += read
      }
    }
    return result.count == Int(count) ? result : nil
  }

  /// No section of a sensible program is larger; a sparse file may claim to be.
  static let largestRead: UInt64 = 1 << 28
}
