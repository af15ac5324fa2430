internal import MultiprocessingSystem

// SAFETY: places are multiples of 8 and compared with the window before anything at them is touched; what is read there
// may be anything, and is read once. Records are ordered by the marks: bytes are written before the tail moves over
// them, and read before the head does.

/// What lies in a segment: an item's length and bytes, or a jump to the next segment.
enum QueueRecord {
  static let headSize = 8
  private static let item: UInt64 = 1 << 62
  private static let jump: UInt64 = 1 << 63
  private static let valueMask: UInt64 = (1 << 40) - 1

  /// With its head and padding. A length that is too large for any window stays so.
  @inline(__always) static func size(of byteCount: Int) -> Int { (byteCount &+ 7 + headSize) & ~7 }

  @inline(__always)
  static func write(_ bytes: UnsafeRawBufferPointer, at place: Int, in words: QueueWords) {
    Steps.step()
    let address = words.base + place
    address.storeBytes(of: item | UInt64(bytes.count), as: UInt64.self)
    if bytes.count == 8 {
      (address + headSize).storeBytes(of: bytes.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else if let source = bytes.baseAddress {
      (address + headSize).copyMemory(from: source, byteCount: bytes.count)
    }
  }

  static func writeJump(to target: Int, at place: Int, in words: QueueWords) {
    Steps.step()
    (words.base + place).storeBytes(of: jump | UInt64(target), as: UInt64.self)
  }

  /// An item that was found: its bytes, which hold until the head moves, and the place behind it.
  struct Found {
    let bytes: UnsafeRawBufferPointer
    let end: Int
    let hasJumped: Bool
  }

  /// The item at a place, or behind the jump there.
  @inline(__always)
  static func find(at place: Int, in words: QueueWords) throws -> Found {
    Steps.step()
    var (place, hasJumped) = (place, false)
    var word = try self.word(at: place, in: words)
    if word & jump != 0 {
      (place, hasJumped) = (Int(word & valueMask), true)
      word = try self.word(at: place, in: words)
    }
    let length = Int(word & valueMask)
    let end = place + size(of: length)
    guard word & ~valueMask == item, end <= words.window else { throw QueueMemory.damaged }
    let bytes = UnsafeRawBufferPointer(start: words.base + place + headSize, count: length)
    return Found(bytes: bytes, end: end, hasJumped: hasJumped)
  }

  @inline(__always)
  private static func word(at place: Int, in words: QueueWords) throws -> UInt64 {
    guard place >= words.firstPlace, place % 8 == 0, place <= words.window - headSize else { throw QueueMemory.damaged }
    return (words.base + place).load(as: UInt64.self)
  }
}
