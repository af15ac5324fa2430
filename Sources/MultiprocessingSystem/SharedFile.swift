internal import CMultiprocessing
internal import Glibc

/// A memory file that several processes map. Its size only grows.
package struct SharedFile: Sendable {
  package let descriptor: Descriptor

  /// What tells this file from all others that are open now, on this machine.
  package struct Identity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
  }

  /// A new, empty file that forked copies of the process keep; `name` shows in /proc only.
  package init(named name: String) throws {
    descriptor = Descriptor(sharing: try systemCall("memfd_create") { mp_shared_create(name) })
  }

  /// A file that this process was started with, by a process that it trusts.
  package init(inherited descriptor: Descriptor) { self.descriptor = descriptor }

  /// A file that another process sent; nil unless it cannot shrink.
  ///
  /// - Throws: a `SystemError` where the process has no descriptor left.
  package init?(received: Descriptor) throws {
    guard mp_shared_is_sealed(received.number) == 1 else { return nil }
    descriptor = try received.sharedCopy()
  }

  /// The identity, and the size by now.
  package func status() throws -> (identity: Identity, byteCount: Int) {
    try Self.status(of: descriptor)
  }

  /// The same of any descriptor.
  package static func status(of descriptor: Descriptor) throws -> (identity: Identity, byteCount: Int) {
    var status = stat()
    try systemCall("fstat") { fstat(descriptor.number, &status) }
    return (Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)), Int(status.st_size))
  }

  /// Gives a range memory of its own, and extends the file to its end. Throws ENOSPC or ENOMEM when memory is short.
  package func reserve(_ range: Range<Int>) throws {
    if range.isEmpty { return }
    try systemCall("fallocate") {
      mp_shared_reserve(descriptor.number, Int64(range.lowerBound), Int64(range.count))
    }
  }

  /// Maps the file from its beginning; the mapping may reach beyond the size, into what is reserved later.
  package func map(byteCount: Int) throws -> SharedMapping {
    try SharedMapping(of: descriptor, byteCount: byteCount)
  }
}

extension Descriptor {
  /// Another number for the same open file, which forked copies of the process keep.
  package func sharedCopy() throws -> Descriptor {
    Descriptor(sharing: try systemCall("fcntl(F_DUPFD_CLOEXEC)") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
  }
}

/// A part of this process's address space that shows a file; taken out with its last reference.
package final class SharedMapping: Sendable {
  // SAFETY: mapped until this object's end. Whoever reads or writes through it knows what is in the file below its size.
  package nonisolated(unsafe) let address: UnsafeMutableRawPointer
  package let byteCount: Int

  package init(of descriptor: Descriptor, byteCount: Int) throws {
    let found = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, 0)
    guard let found, found != MAP_FAILED else { throw SystemError(call: "mmap", number: errno) }
    address = found
    self.byteCount = byteCount
  }

  deinit { munmap(address, byteCount) }
}
