/// Reads little-endian numbers and strings from bytes that nobody vouches for.
///
/// A read past the end gives zero and sets `isExhausted`, for good. So a parser needs one check after a group of
/// reads rather than one at each; its loops must stop when the reader is exhausted.
struct ByteReader {
  let bytes: [UInt8]
  let end: Int
  private(set) var position: Int
  private(set) var isExhausted = false

  /// Reads `bytes[start..<end]`, cut to what is there.
  init(_ bytes: [UInt8], from start: Int = 0, to end: Int? = nil) {
    self.bytes = bytes
    self.end = min(max(end ?? bytes.count, 0), bytes.count)
    position = min(max(start, 0), self.end)
  }

  var isAtEnd: Bool { isExhausted || position >= end }
  var remaining: Int { isExhausted ? 0 : end - position }

  /// True when `count` more bytes are there; otherwise the reader is exhausted from now on.
  private mutating func has(_ count: UInt64) -> Bool {
    if !isExhausted, count <= UInt64(end - position) { return true }
    isExhausted = true
    return false
  }

  mutating func skip(_ count: UInt64) {
    if has(count) { position += Int(count) }
  }

  /// Goes on at `target`, forwards only, so that no input can make a loop endless.
  mutating func advance(to target: Int) {
    if target < position { isExhausted = true } else { skip(UInt64(target - position)) }
  }

  mutating func uint8() -> UInt8 {
    guard has(1) else { return 0 }
    position += 1
    return bytes[position - 1]
  }

  mutating func uint16() -> UInt16 { load(UInt16.self) }
  mutating func uint32() -> UInt32 { load(UInt32.self) }
  mutating func uint64() -> UInt64 { load(UInt64.self) }

  private mutating func load<Number: FixedWidthInteger & BitwiseCopyable>(_: Number.Type) -> Number {
    let size = MemoryLayout<Number>.size
    guard has(UInt64(size)) else { return 0 }
    defer { position += size }
    // SAFETY: `has` checked that all bytes lie below `end`, which is at most `bytes.count`.
    let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Number.self) }
    return Number(littleEndian: value)
  }
}

extension ByteReader {
  /// An unsigned number of `size` bytes: 1, 2, 4 or 8. Any other size exhausts the reader.
  mutating func unsigned(size: Int) -> UInt64 {
    switch size {
    case 1: UInt64(uint8())
    case 2: UInt64(uint16())
    case 4: UInt64(uint32())
    case 8: uint64()
    default: unsupported()
    }
  }

  private mutating func unsupported() -> UInt64 {
    isExhausted = true
    return 0
  }

  /// An unsigned LEB128. Bits above the 64th are dropped.
  mutating func uleb() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = uint8()
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      if byte & 0x80 == 0 { return value }
    }
  }

  /// A signed LEB128. Bits above the 64th are dropped.
  mutating func sleb() -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = uint8()
      value |= UInt64(byte & 0x7f) << shift
      shift += 7
      guard byte & 0x80 == 0 else { continue }
      if byte & 0x40 != 0, shift < 64 { value |= ~0 << shift }
      return Int64(bitPattern: value)
    }
  }

  /// The bytes up to a zero, as text; the zero is consumed.
  mutating func cString() -> String {
    let start = position
    while uint8() != 0 {}
    return String(decoding: bytes[start..<max(start, isExhausted ? position : position - 1)], as: UTF8.self)
  }

  /// Passes over bytes up to a zero, and the zero.
  mutating func skipString() {
    while uint8() != 0 {}
  }

  /// The length at the head of a DWARF unit, and whether the unit uses 64-bit offsets.
  mutating func unitLength() -> (length: UInt64, is64: Bool) {
    let short = uint32()
    return short == .max ? (uint64(), true) : (UInt64(short), false)
  }
}
