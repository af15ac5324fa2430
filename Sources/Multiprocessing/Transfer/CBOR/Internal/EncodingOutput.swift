/// The bytes of one message while it is written, and the slots open at their end.
final class EncodingOutput {
  var bytes: [UInt8]
  /// The innermost slot whose content ends at the end of `bytes`.
  var top: EncodingSlot?
  /// Slots closed by a write to their parent while somebody still holds them: they may be written to again.
  var closedEarly: [EncodingSlot] = []
  /// What went wrong in a call that cannot throw; thrown when the message is finished.
  var failure: EncodingError?
  let copiesTrivialArrays: Bool
  let userInfo: [CodingUserInfoKey: any Sendable]
  let gauge = StackGauge()

  init(into bytes: [UInt8], copiesTrivialArrays: Bool, userInfo: [CodingUserInfoKey: any Sendable]) {
    self.bytes = bytes
    self.copiesTrivialArrays = copiesTrivialArrays
    self.userInfo = userInfo
  }

  /// Writes an item's head in its shortest form.
  @inline(__always)
  func writeHead(_ major: UInt8, _ argument: UInt64) {
    if argument < 24 {
      bytes.append(major | UInt8(truncatingIfNeeded: argument))
    } else {
      writeLongHead(major, argument)
    }
  }

  @inline(never)
  private func writeLongHead(_ major: UInt8, _ argument: UInt64) {
    switch argument {
    case ...0xFF:
      bytes.append(major | 24)
      bytes.append(UInt8(truncatingIfNeeded: argument))
    case ...0xFFFF:
      bytes.append(major | 25)
      appendBigEndian(UInt16(truncatingIfNeeded: argument))
    case ...0xFFFF_FFFF:
      bytes.append(major | 26)
      appendBigEndian(UInt32(truncatingIfNeeded: argument))
    default:
      bytes.append(major | 27)
      appendBigEndian(argument)
    }
  }

  @inline(__always)
  private func appendBigEndian<I: FixedWidthInteger>(_ value: I) {
    // SAFETY: the bytes of a local integer, read inside the call.
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  func truncate(to count: Int) { bytes.removeLast(bytes.count - count) }
}

// MARK: - Scalars

extension EncodingOutput {
  func writeNil() { bytes.append(0xF6) }

  func write(_ value: Bool) { bytes.append(value ? 0xF5 : 0xF4) }

  func write(_ value: Double) {
    bytes.append(0xFB)
    appendBigEndian(value.bitPattern)
  }

  func write(_ value: Float) {
    bytes.append(0xFA)
    appendBigEndian(value.bitPattern)
  }

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
    withUnsafeBytes(of: magnitude.bigEndian) { bytes.append(contentsOf: $0.suffix(length)) }
  }

  @inline(__always)
  func write(_ value: String) {
    var text = value
    text.withUTF8 { utf8 in
      writeHead(CBORMajor.text, UInt64(utf8.count))
      bytes.append(contentsOf: utf8)
    }
  }

  func write(byteString content: UnsafeRawBufferPointer) {
    writeHead(CBORMajor.bytes, UInt64(content.count))
    bytes.append(contentsOf: content)
  }
}
