/// A block of memory with every page in use, until it is released.
struct TouchedMemory {
  private let block: UnsafeMutableRawPointer

  init(byteCount: Int) {
    block = .allocate(byteCount: byteCount, alignment: 4096)
    // SAFETY: every offset is below the count just allocated.
    for offset in stride(from: 0, to: byteCount, by: 4096) {
      block.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
    }
  }

  func release() { block.deallocate() }
}
