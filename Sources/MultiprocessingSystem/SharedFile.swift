internal import CMultiprocessing
internal import Glibc

/// A memory file that several processes map. Its size only grows, but for named ones.
package struct SharedFile: Sendable {
  package let descriptor: Descriptor

  /// A new, empty file without a name, that forked copies of the process keep; `name` shows in /proc only.
  package init(named name: String) throws {
    descriptor = Descriptor(sharing: try systemCall("memfd_create") { mp_shared_create(name) })
  }

  /// The file behind a descriptor, under a number of its own.
  package init(copying received: Descriptor) throws {
    descriptor = Descriptor(
      sharing: try systemCall("fcntl(F_DUPFD_CLOEXEC)") { fcntl(received.number, F_DUPFD_CLOEXEC, 3) })
  }

  /// A file that this process was started with, by a process that it trusts.
  package init(inherited descriptor: Descriptor) { self.descriptor = descriptor }

  /// Takes an open file over.
  init(owning number: Int32) { descriptor = Descriptor(sharing: number) }

  /// Gives a range memory of its own, and extends the file to its end.
  ///
  /// - Throws: ENOSPC or ENOMEM when memory is short.
  package func reserve(_ range: Range<Int>) throws {
    if range.isEmpty { return }
    try systemCall("fallocate") {
      mp_shared_reserve(descriptor.number, Int64(range.lowerBound), Int64(range.count))
    }
  }

  /// Extends the file without giving it memory: what is added reads as zeros, and takes memory when it is written.
  ///
  /// - Throws: EFBIG above the limit on the size of files.
  package func extend(to byteCount: Int) throws {
    try systemCall("ftruncate") { mp_shared_extend(descriptor.number, Int64(byteCount)) }
  }

  /// Keeps every process from sealing the file, which would keep others from writing or mapping it, and from making it
  /// larger unless it `mayGrow`.
  package func fix(mayGrow: Bool = false) throws {
    try systemCall("fcntl(F_ADD_SEALS)") { mp_shared_fix(descriptor.number, mayGrow ? 1 : 0) }
  }

  /// Takes the memory of a range back; it reads as zeros. Nothing happens where the system cannot do that.
  package func punch(_ range: Range<Int>) {
    if range.isEmpty { return }
    _ = mp_shared_punch(descriptor.number, Int64(range.lowerBound), Int64(range.count))
  }

  /// What the kernel knows of it by now.
  package func status() throws -> SharedFileStatus { try SharedFileStatus(of: descriptor) }

  /// Maps the file from its beginning; the mapping may reach beyond the size, into what is reserved later.
  package func map(byteCount: Int) throws -> SharedMapping {
    try SharedMapping(of: descriptor, byteCount: byteCount)
  }
}

/// What the kernel knows of a file in memory.
package struct SharedFileStatus: Sendable {
  /// What tells a file from all others that are open on this machine.
  package struct Identity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    /// Inode numbers are used again after 2^32 files.
    let born: UInt64
  }

  package let identity: Identity
  package let byteCount: Int
  /// Not so where the name stands for a directory or a pipe.
  package let isRegular: Bool
  /// Nobody can make it shorter.
  package let isSealed: Bool

  package init(of descriptor: Descriptor) throws {
    var status = mp_shared_status()
    try systemCall("statx") { mp_shared_stat(descriptor.number, &status) }
    identity = Identity(device: status.device, inode: status.inode, born: status.born)
    byteCount = Int(status.byte_count)
    isRegular = status.is_regular != 0
    isSealed = mp_shared_is_sealed(descriptor.number) == 1
  }
}

/// Lending a file to other processes, so that the kernel knows whether any of them still has it.
///
/// What is lent is an open file of its own, with a shared `flock`. Descriptors in any process, mappings, and messages
/// not yet received keep it open; the lock goes with the last of them, however that ends.
extension SharedFile {
  /// A new open file to send, or nil where the system cannot open one: /proc is missing.
  package func lend() -> Descriptor? {
    let number = mp_shared_lend(descriptor.number)
    return number < 0 ? nil : Descriptor(owning: number)
  }

  /// True when nobody holds anything that was lent, in this process or another. Copies of the process that `fork` made
  /// do not count: they hold what this process holds.
  package var isReturned: Bool { mp_shared_is_returned(descriptor.number) == 1 }
}

/// A part of this process's address space that shows a file; taken out with its last reference.
package final class SharedMapping: Sendable {
  // SAFETY: mapped until this object's end. Whoever reads or writes through it knows what is in the file below its size.
  package nonisolated(unsafe) let address: UnsafeMutableRawPointer
  package let byteCount: Int

  convenience init(of descriptor: Descriptor, byteCount: Int) throws {
    try self.init(of: descriptor, byteCount: byteCount, PROT_READ | PROT_WRITE, MAP_SHARED)
  }

  /// Read only, with all pages at once: for a file that is read from its beginning to its end.
  package convenience init(reading file: MemoryFile, byteCount: Int) throws {
    try self.init(of: file.descriptor, byteCount: byteCount, PROT_READ, MAP_SHARED | Int32(MAP_POPULATE))
  }

  private init(of descriptor: Descriptor, byteCount: Int, _ protection: Int32, _ flags: Int32) throws {
    let found = mmap(nil, byteCount, protection, flags, descriptor.number, 0)
    guard let found, found != MAP_FAILED else { throw SystemError(call: "mmap", number: errno) }
    address = found
    self.byteCount = byteCount
  }

  deinit { munmap(address, byteCount) }
}
