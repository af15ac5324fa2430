/// How attributes of `.debug_info` are written, DWARF 2 to 5.
struct DebugForm {
  /// What an attribute says; numbers that need a table to be understood keep their kind.
  enum Value: Equatable {
    case address(UInt64)
    case addressIndex(UInt64)
    case number(UInt64)
    case text(String)
    case string(section: String, offset: UInt64)
    case stringIndex(UInt64)
    /// Relative to the unit.
    case reference(UInt64)
    /// Relative to the section.
    case globalReference(UInt64)
    case rangeListIndex(UInt64)
    case other
  }

  let code: UInt64

  /// The bytes a value takes where that is always the same number; nil where it depends on the value.
  func size(is64: Bool) -> Int? {
    switch code {
    case 0x19, 0x21: 0
    case 0x0b, 0x0c, 0x11, 0x25, 0x29: 1
    case 0x05, 0x12, 0x26, 0x2a: 2
    case 0x27, 0x2b: 3
    case 0x06, 0x13, 0x1c, 0x28, 0x2c: 4
    case 0x01, 0x07, 0x14, 0x20, 0x24: 8
    case 0x1e: 16
    case 0x0e, 0x10, 0x17, 0x1d, 0x1f, 0x1f20, 0x1f21: is64 ? 8 : 4
    default: nil
    }
  }

  /// Passes over a value. False for a form that is not known: nothing after it can be understood.
  func skip(_ reader: inout ByteReader, is64: Bool) -> Bool {
    if let size = size(is64: is64) {
      reader.skip(UInt64(size))
      return true
    }
    switch code {
    case 0x08: reader.skipString()
    case 0x09, 0x18: reader.skip(reader.uleb())
    case 0x0a: reader.skip(UInt64(reader.uint8()))
    case 0x03: reader.skip(UInt64(reader.uint16()))
    case 0x04: reader.skip(UInt64(reader.uint32()))
    case 0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23, 0x1f01, 0x1f02: _ = reader.uleb()
    default: return false
    }
    return true
  }

  /// Reads a value of the kinds that matter here; nil for an unknown form.
  func read(_ reader: inout ByteReader, is64: Bool) -> Value? {
    if code == 0x08 { return .text(reader.cString()) }
    if let number = number(&reader, is64: is64) { return value(number) }
    return skip(&reader, is64: is64) ? .other : nil
  }

  private func number(_ reader: inout ByteReader, is64: Bool) -> UInt64? {
    switch code {
    case 0x0f, 0x15, 0x1a, 0x1b, 0x23: reader.uleb()
    case 0x0d: UInt64(bitPattern: reader.sleb())
    case 0x27, 0x2b: UInt64(reader.uint16()) | UInt64(reader.uint8()) << 16
    default: size(is64: is64).flatMap { [1, 2, 4, 8].contains($0) ? reader.unsigned(size: $0) : nil }
    }
  }

  private func value(_ number: UInt64) -> Value {
    switch code {
    case 0x01: .address(number)
    case 0x1b, 0x29...0x2c: .addressIndex(number)
    case 0x0e: .string(section: ".debug_str", offset: number)
    case 0x1f: .string(section: ".debug_line_str", offset: number)
    case 0x1a, 0x25...0x28: .stringIndex(number)
    case 0x11...0x15: .reference(number)
    case 0x10: .globalReference(number)
    case 0x23: .rangeListIndex(number)
    case 0x05, 0x06, 0x07, 0x0b, 0x0d, 0x0f, 0x17: .number(number)
    default: .other
    }
  }
}
