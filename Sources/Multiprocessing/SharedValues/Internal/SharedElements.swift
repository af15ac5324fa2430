// SAFETY: the block is aligned and large enough for the elements, which are trivially copyable: any process may copy
// them, and nothing is to be destroyed. The block is kept for as long as the elements.

/// Elements of one trivially copyable type in a shared block.
struct SharedElements<Element: BitwiseCopyable & Sendable>: Sendable {
  let block: SharedBlock
  let count: Int

  /// - Throws: `outOfMemory` also for counts whose bytes no integer can hold; `invalidArgument` for negative ones;
  ///   `unsupported` for types that need a larger alignment than any.
  init(count: Int) throws {
    block = try SharedBlock(byteCount: Self.byteCount(of: count))
    self.count = count
  }

  /// A block that another process sent.
  init(in block: SharedBlock, count: Int) throws {
    guard count >= 0, try Self.byteCount(of: count) == block.byteCount else {
      throw MultiprocessingError(
        .notTransferable, "the message says \(count) elements of \(Element.self) for another number of bytes")
    }
    self.block = block
    self.count = count
  }

  /// At least one: a block is never empty.
  private static func byteCount(of count: Int) throws -> Int {
    guard count >= 0 else {
      throw MultiprocessingError(.invalidArgument, "a shared array cannot have \(count) elements")
    }
    guard MemoryLayout<Element>.alignment <= 64 else {
      throw MultiprocessingError(
        .unsupported, "\(Element.self) needs an alignment of \(MemoryLayout<Element>.alignment) bytes")
    }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    if !overflow { return max(byteCount, 1) }
    throw MultiprocessingError(
      .outOfMemory, "\(count) elements of \(MemoryLayout<Element>.stride) bytes are more than there can be")
  }

  // SAFETY: as above.
  var buffer: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: block.address.assumingMemoryBound(to: Element.self), count: count)
  }
}
