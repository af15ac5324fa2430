extension EncodingOutput {
  @inline(__always)
  func writeNil() { append(0xF6) }

  @inline(__always)
  func write(_ value: Bool) { append(value ? 0xF5 : 0xF4) }

  @inline(__always)
  func write(_ value: Double) { append(0xFB, value.bitPattern) }

  @inline(__always)
  func write(_ value: Float) { append(0xFA, value.bitPattern) }

  @inline(__always)
  func write<I: FixedWidthInteger>(_ value: I) {
    if let small = UInt64(exactly: value) {
      writeHead(CBORMajor.unsigned, small)
    } else if I.isSigned, let small = UInt64(exactly: ~value) {
      writeHead(CBORMajor.negative, small)
    } else {
      // Only 128-bit integers come here.
      let isNegative = value < 0
      writeBignum(UInt128(truncatingIfNeeded: isNegative ? ~value : value), isNegative: isNegative)
    }
  }

  private func writeBignum(_ magnitude: UInt128, isNegative: Bool) {
    writeHead(CBORMajor.tag, isNegative ? CBORTag.negativeBignum : CBORTag.bignum)
    let length = 16 - magnitude.leadingZeroBitCount / 8
    writeHead(CBORMajor.bytes, UInt64(length))
    // SAFETY: the bytes of a local integer, read inside the call.
    withUnsafeBytes(of: magnitude.bigEndian) { append(.init(rebasing: $0.suffix(length))) }
  }

  func write(_ value: String) {
    var text = value
    // SAFETY: the string's own storage, copied inside the call.
    text.withUTF8 { utf8 in
      writeHead(CBORMajor.text, UInt64(utf8.count))
      append(UnsafeRawBufferPointer(utf8))
    }
  }

  // SAFETY: the content is the caller's, and copied before this returns.
  func write(byteString content: UnsafeRawBufferPointer) {
    writeHead(CBORMajor.bytes, UInt64(content.count))
    append(content)
  }
}
