extension DecodingInput {
  func bool(_ item: CBORItem) throws(CBORFault) -> Bool {
    guard item.major == CBORMajor.simple, item.info == 20 || item.info == 21 else { throw .found(item) }
    return item.info == 21
  }

  @inline(__always)
  func integer<I: FixedWidthInteger>(_ item: CBORItem, as type: I.Type) throws(CBORFault) -> I {
    if item.major <= CBORMajor.negative {
      guard let magnitude = I(exactly: item.argument) else { throw Self.overflow(type) }
      if item.major == CBORMajor.unsigned { return magnitude }
      guard I.isSigned else { throw Self.overflow(type) }
      // CBOR's negative numbers are -1 - n, which is the complement of n.
      return ~magnitude
    }
    return try otherInteger(item, as: type)
  }

  @inline(never)
  private func otherInteger<I: FixedWidthInteger>(_ item: CBORItem, as type: I.Type) throws(CBORFault) -> I {
    if item.tag == CBORTag.bignum || item.tag == CBORTag.negativeBignum, item.major == CBORMajor.bytes {
      guard let magnitude = I(exactly: try bignum(item)) else { throw Self.overflow(type) }
      if item.tag == CBORTag.bignum { return magnitude }
      guard I.isSigned else { throw Self.overflow(type) }
      return ~magnitude
    }
    guard let float = try floatingPoint(item) else { throw .found(item) }
    guard let value = I(exactly: float) else { throw .corrupted("\(float) is no \(type)") }
    return value
  }

  private func bignum(_ item: CBORItem) throws(CBORFault) -> UInt128 {
    let digits = try content(of: item).drop { $0 == 0 }
    guard digits.count <= 16 else { throw Self.overflow(UInt128.self) }
    return digits.reduce(0) { $0 << 8 | UInt128($1) }
  }

  private static func overflow(_ type: Any.Type) -> CBORFault { .corrupted("the number does not fit in \(type)") }

  /// A number of any kind, if it is one; an integer only where nothing of it is lost.
  @inline(__always)
  func double(_ item: CBORItem) throws(CBORFault) -> Double {
    if let value = try floatingPoint(item) { return value }
    return try wholeNumber(item)
  }

  private func wholeNumber(_ item: CBORItem) throws(CBORFault) -> Double {
    let value = try integer(item, as: Int128.self)
    guard let double = Double(exactly: value) else { throw .corrupted("Double cannot hold \(value) exactly") }
    return double
  }

  /// A number of any kind; a `Double` is rounded, for writers that have no other type.
  func float(_ item: CBORItem) throws(CBORFault) -> Float {
    let value = try double(item)
    let float = Float(value)
    guard float.isFinite || !value.isFinite else { throw .corrupted("\(value) is too large for Float") }
    return float
  }

  private func floatingPoint(_ item: CBORItem) throws(CBORFault) -> Double? {
    guard item.major == CBORMajor.simple else { return nil }
    switch item.info {
    case 25: return Self.half(UInt16(item.argument))
    case 26: return Double(Float(bitPattern: UInt32(item.argument)))
    case 27: return Double(bitPattern: item.argument)
    default: return nil
    }
  }

  /// IEEE 754 binary16, without `Float16`, which not every platform has.
  static func half(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Double(bits & 0x3FF)
    let magnitude =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? Double.infinity : Double.nan
      default: Double(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
      }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
  }

  @inline(__always)
  func string(_ item: CBORItem) throws(CBORFault) -> String {
    guard item.major == CBORMajor.text else { throw .found(item) }
    if item.isIndefinite { return try joinedString(item) }
    let utf8 = try content(of: item)
    // What stands first is several times as fast as what validates.
    if utf8.isASCII { return String(decoding: utf8, as: UTF8.self) }
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw .corrupted("a string that is not valid UTF-8")
    }
    return text
  }

  private func joinedString(_ item: CBORItem) throws(CBORFault) -> String {
    var text = ""
    var position = item.next
    while !isBreak(at: position) {
      let chunk = try head(at: position)
      guard !chunk.isIndefinite else { throw .corrupted("a chunk of another kind") }
      text += try string(chunk)
      position = chunk.next + Int(chunk.argument)
    }
    return text
  }
}

// SAFETY: reads within the bounds only.
extension UnsafeRawBufferPointer {
  /// Whether all bytes are below 128.
  @inline(__always)
  fileprivate var isASCII: Bool {
    var bits: UInt64 = 0
    var index = 0
    while count - index >= 8 {
      // SAFETY: eight bytes are left; any alignment will do.
      bits |= loadUnaligned(fromByteOffset: index, as: UInt64.self)
      index += 8
    }
    while index < count {
      bits |= UInt64(self[index])
      index += 1
    }
    return bits & 0x8080_8080_8080_8080 == 0
  }
}
