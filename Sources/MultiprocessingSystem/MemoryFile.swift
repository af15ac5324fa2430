internal import CMultiprocessing
internal import Glibc

/// A file in memory without a name: gone with its last descriptor and mapping.
package struct MemoryFile: Sendable {
  package let descriptor: Descriptor

  package init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  /// A new, empty file; `name` shows in /proc only.
  package init(named name: String) throws {
    descriptor = Descriptor(owning: try systemCall("memfd_create") { mp_memfd_create(name) })
  }

  /// A new, empty file whose content can be fixed with `seal`.
  package init(sealableNamed name: String) throws {
    descriptor = Descriptor(owning: try systemCall("memfd_create") { mp_shared_create(name) })
  }

  /// Forbids every change, in this process and all others. Throws EBUSY while somebody maps it for writing.
  package func seal() throws { try systemCall("fcntl(F_ADD_SEALS)") { mp_file_seal(descriptor.number) } }

  /// It is really in memory: reading it waits for nobody.
  package var isMemory: Bool { mp_file_is_memory(descriptor.number) == 1 }

  /// A new open file to send, for reading only; as `SharedFile.lend`.
  package func lend() -> Descriptor? {
    let number = mp_file_lend(descriptor.number)
    return number < 0 ? nil : Descriptor(owning: number)
  }

  /// True when nobody holds anything that was lent; as `SharedFile.isReturned`.
  package var isReturned: Bool { mp_shared_is_returned(descriptor.number) == 1 }

  /// Nobody can write to it or change its size.
  package var isSealed: Bool { mp_file_is_sealed(descriptor.number) == 1 }

  /// Gives a range memory of its own, and extends the file to its end. Throws ENOSPC or ENOMEM when memory is short.
  package func reserve(_ range: Range<Int>) throws {
    try systemCall("fallocate") { mp_shared_reserve(descriptor.number, Int64(range.lowerBound), Int64(range.count)) }
  }

  /// Writes all bytes at `offset`, growing the file. Throws ENOSPC or ENOMEM when memory is short.
  // SAFETY: the caller keeps the bytes valid for the call, which only reads them.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      // SAFETY: the range is within the bytes, which are not empty and so have an address.
      done += try systemCall("pwrite") {
        pwrite(descriptor.number, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      }
    }
  }

  package func write(_ bytes: [UInt8], at offset: Int = 0) throws {
    // SAFETY: read inside the call only.
    try bytes.withUnsafeBytes { try write($0, at: offset) }
  }

  /// Sets the size; what is added reads as zero and takes no memory yet.
  package func resize(to size: Int) throws {
    try systemCall("ftruncate") { ftruncate(descriptor.number, off_t(size)) }
  }

  /// The size, and how much memory is behind it. A file that was written has both; a sparse one claims more than it has.
  package func sizes() throws -> (logical: Int, allocated: Int) {
    var status = stat()
    try systemCall("fstat") { fstat(descriptor.number, &status) }
    return (Int(status.st_size), Int(status.st_blocks) * 512)
  }

  /// Up to `count` bytes from `offset`: fewer at the end of the file.
  package func read(at offset: Int, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
      // SAFETY: room for so many bytes.
      length = try read(at: offset, into: .init(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
    }
  }

  // SAFETY: the caller has memory of its own there.
  /// Fills the memory from `offset` on. Returns how many bytes there were: fewer at the end of the file.
  package func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws -> Int {
    var length = 0
    while length < memory.count {
      // SAFETY: the kernel writes at most what is left of the memory, which is not empty and so has an address.
      let got = try systemCall("pread") {
        pread(descriptor.number, memory.baseAddress! + length, memory.count - length, off_t(offset + length))
      }
      if got == 0 { break }
      length += got
    }
    return length
  }
}
