package import MultiprocessingSystem

/// An encoded message: its bytes, and the descriptors that handles in it have attached.
package struct TransferPayload: Sendable {
  package var bytes: [UInt8]
  package var descriptors: [Descriptor]
  /// What follows the bytes, where it is too much to be copied from hand to hand.
  package var file: PayloadFile?

  package init(bytes: [UInt8] = [], descriptors: [Descriptor] = [], file: PayloadFile? = nil) {
    self.bytes = bytes
    self.descriptors = descriptors
    self.file = file
  }

  /// The size of the whole message.
  package var byteCount: Int { bytes.count + (file?.byteCount ?? 0) }

  // SAFETY: what is passed is valid for the call.
  /// Calls `body` with the whole message.
  package func withContent<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    guard let file else { return try bytes.withUnsafeBytes(body) }
    let mapping: SharedMapping
    do {
      mapping = try file.map()
    } catch {
      throw MultiprocessingError(.outOfMemory, doing: "a message of \(byteCount) bytes could not be read", error)
    }
    // SAFETY: the mapping is as long as the file was when it was sealed, and outlives the call.
    return try withExtendedLifetime(mapping) {
      let content = UnsafeRawBufferPointer(start: mapping.address, count: file.byteCount)
      return bytes.isEmpty ? try body(content) : try (bytes + content).withUnsafeBytes(body)
    }
  }
}

/// A part of a message in a memory file that nobody can change any more.
package struct PayloadFile: Sendable {
  package let file: MemoryFile
  package let byteCount: Int

  /// A file that came with a message; nil when it may still change.
  ///
  /// - Throws: a `SystemError`.
  package init?(received file: MemoryFile, byteCount: Int) throws {
    guard file.isSealed else { return nil }
    self.init(sealed: file, byteCount)
  }

  fileprivate init(sealed file: MemoryFile, _ byteCount: Int) {
    self.file = file
    self.byteCount = byteCount
  }

  fileprivate func map() throws -> SharedMapping { try SharedMapping(reading: file, byteCount: byteCount) }
}

/// A payload's file while it is written.
struct PayloadFileWriter {
  private let file: MemoryFile
  private var byteCount = 0

  /// Arrays of so many bytes are written to a file and not to memory first.
  static let limit = 262_144

  init() throws { file = try MemoryFile(sealableNamed: "mp-payload") }

  // SAFETY: the bytes are valid for the call, which only reads them.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    try file.write(bytes, at: byteCount)
    byteCount += bytes.count
  }

  func finish() throws -> PayloadFile {
    try file.seal()
    return PayloadFile(sealed: file, byteCount)
  }
}
