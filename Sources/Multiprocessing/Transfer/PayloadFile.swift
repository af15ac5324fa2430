package import MultiprocessingSystem

/// The end of a message, in a memory file (Transfer/README.md).
package struct PayloadFile: Sendable {
  package let file: MemoryFile
  package let byteCount: Int
  /// Nobody can change it any more, so it may be read where it lies.
  let isSealed: Bool

  /// A file that came with a message; nil when it is none in memory, is not as long as the message says, or has less memory
  /// than that: reading it would take memory that nobody ever wrote.
  ///
  /// - Throws: a `SystemError`.
  package init?(received file: MemoryFile, byteCount: Int) throws {
    // First of all: what is not sealed may change its size after it was asked for.
    isSealed = file.isSealed
    let sizes = try file.sizes()
    let isLongEnough = isSealed ? sizes.logical == byteCount : sizes.logical >= byteCount
    guard file.isMemory, isLongEnough, sizes.allocated >= byteCount else { return nil }
    self.file = file
    self.byteCount = byteCount
  }

  /// A file that is written and may be written again when nobody has it any more.
  init(written file: MemoryFile, byteCount: Int) {
    (self.file, self.byteCount, isSealed) = (file, byteCount, false)
  }

  /// Copies from `offset` on until the memory is full.
  ///
  /// - Throws: `notTransferable` when there is not enough; `system`.
  // SAFETY: the caller has memory of its own there.
  func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws {
    let count: Int
    do {
      count = memory.count <= byteCount - offset ? try file.read(at: offset, into: memory) : -1
    } catch {
      throw MultiprocessingError(doing: "reading a message of \(byteCount) bytes", error)
    }
    if count == memory.count { return }
    throw MultiprocessingError(.notTransferable, "the file of a message is cut short: the message is refused")
  }

  /// A copy of what lies from `offset` on, to the end unless told.
  func bytes(from offset: Int, count: Int? = nil) throws -> [UInt8] {
    let count = count ?? max(0, byteCount - offset)
    // SAFETY: there is room for so many bytes, and all are written.
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      let memory = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
      FreshMemory.populate(memory)
      try read(at: offset, into: memory)
      done = count
    }
  }
}

/// A payload's file while it is written.
struct PayloadFileWriter {
  private var taken: PayloadFiles.Taken
  private var byteCount = 0

  /// Arrays of so many bytes are written to a file and not to memory first.
  static let limit = 262_144

  /// - Parameter expected: how many bytes there will be at least.
  /// - Throws: a `SystemError`.
  init(expecting expected: Int = 0) throws { taken = try PayloadFiles.shared.take(expected) }

  // SAFETY: the bytes are valid for the call, which only reads them.
  /// - Throws: `outOfMemory`, `system`; a `SystemError`.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    try taken.reserve(byteCount + bytes.count)
    try taken.file.write(bytes, at: byteCount)
    byteCount += bytes.count
  }

  func finish() -> PayloadFile {
    PayloadFile(written: MemoryFile(PayloadFiles.shared.lend(taken)), byteCount: byteCount)
  }
}
