// SAFETY: offsets were taken while the bytes were appended; pointers are used inside the call that gives them.

/// The first elements of a collection in the form in which they lie in a queue.
struct ElementChunk: Sendable {
  private static let mostBytes = 64 << 10
  private static let mostItems = 1024

  private var bytes: [UInt8] = []
  private var offsets = [0]

  var count: Int { offsets.count - 1 }

  /// At least one element; fewer than there are where one cannot be encoded.
  ///
  /// - Throws: what keeps the first from being encoded.
  init<Element>(_ elements: some Collection<Element>, _ form: ElementForm<Element>) throws {
    for element in elements {
      do {
        try form.withBytes(of: element) { bytes.append(contentsOf: $0) }
      } catch {
        if count > 0 { return }
        throw error
      }
      offsets.append(bytes.count)
      if bytes.count >= Self.mostBytes || count >= Self.mostItems { return }
    }
  }

  /// Puts as many as there is room for, from `start` on.
  func put(from start: Int, _ core: QueueCore, _ mode: LookMode) throws -> WaitLook<Int> {
    try bytes.withUnsafeBytes { bytes in
      try core.put(count - start, mode) { index, write in
        try write(UnsafeRawBufferPointer(rebasing: bytes[offsets[start + index]..<offsets[start + index + 1]]))
      }
    }
  }
}
