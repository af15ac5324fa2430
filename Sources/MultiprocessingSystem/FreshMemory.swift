internal import CMultiprocessing

/// Memory that nobody has touched and that is about to be written from end to end.
package enum FreshMemory {
  /// Below this a fault for each page costs too little to matter.
  private static let least = 1 << 20

  /// Gives a large piece its pages by one call, where the system has such a call (Linux 5.14): a fault for each page takes
  /// three times as long. Whatever keeps the system from it, the faults do it later.
  // SAFETY: the memory keeps its content; the call only maps what a write would.
  package static func populate(_ memory: UnsafeMutableRawBufferPointer) {
    guard memory.count >= least, let start = memory.baseAddress else { return }
    mp_memory_populate(start, memory.count)
  }
}
