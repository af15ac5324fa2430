// SAFETY: `buffer` points to an array that whoever makes the output borrows for as long as it writes. Bytes to append
// are copied before the appending call returns, and never lie in that array.

/// The bytes of one message while it is written, and the slots open at their end.
final class EncodingOutput {
  // SAFETY: the caller's array, valid until `complete`; no slot writes after that. A pointer, because a stored array
  // would cost a check for exclusive access at each byte.
  let buffer: UnsafeMutablePointer<[UInt8]>
  /// The innermost slot whose content ends at the end of `bytes`.
  var top: EncodingSlot?
  /// Slots closed by a write to their parent while somebody still holds them: they may be written to again.
  var closedEarly: [EncodingSlot] = []
  /// What went wrong in a call that cannot throw; thrown when the message is finished.
  var failure: EncodingError?
  let copiesTrivialArrays: Bool
  var gauge = StackGauge()
  private let extraUserInfo: [CodingUserInfoKey: any Sendable]
  /// The message's context, made when a value asks for it; nil where there is none to make.
  let context: LazyContext?

  init(
    into buffer: UnsafeMutablePointer<[UInt8]>, copiesTrivialArrays: Bool = false,
    userInfo: [CodingUserInfoKey: any Sendable] = [:], context: LazyContext? = nil
  ) {
    self.buffer = buffer
    self.copiesTrivialArrays = copiesTrivialArrays
    self.context = context
    extraUserInfo = userInfo
  }

  var userInfo: [CodingUserInfoKey: Any] {
    var userInfo: [CodingUserInfoKey: Any] = extraUserInfo
    if let context { userInfo[TransferContext.userInfoKey] = context.value }
    return userInfo
  }

  @inline(__always)
  var count: Int { buffer.pointee.count }

  @inline(__always)
  func append(_ byte: UInt8) { buffer.pointee.append(byte) }

  @inline(__always)
  func append(_ bytes: UnsafeRawBufferPointer) { buffer.pointee.append(contentsOf: bytes) }

  /// Writes an item's head in its shortest form.
  @inline(__always)
  func writeHead(_ major: UInt8, _ argument: UInt64) {
    if argument < 24 {
      append(major | UInt8(truncatingIfNeeded: argument))
    } else {
      writeLongHead(major, argument)
    }
  }

  @inline(never)
  private func writeLongHead(_ major: UInt8, _ argument: UInt64) {
    switch argument {
    case ...0xFF:
      append(major | 24)
      append(UInt8(truncatingIfNeeded: argument))
    case ...0xFFFF:
      append(major | 25)
      appendBigEndian(UInt16(truncatingIfNeeded: argument))
    case ...0xFFFF_FFFF:
      append(major | 26)
      appendBigEndian(UInt32(truncatingIfNeeded: argument))
    default:
      append(major | 27)
      appendBigEndian(argument)
    }
  }

  @inline(__always)
  private func appendBigEndian<I: FixedWidthInteger>(_ value: I) {
    // SAFETY: the bytes of a local integer, read inside the call.
    withUnsafeBytes(of: value.bigEndian) { append($0) }
  }

  func truncate(to count: Int) { buffer.pointee.removeLast(self.count - count) }
}

// MARK: - Scalars

extension EncodingOutput {
  func writeNil() { append(0xF6) }

  func write(_ value: Bool) { append(value ? 0xF5 : 0xF4) }

  func write(_ value: Double) {
    append(0xFB)
    appendBigEndian(value.bitPattern)
  }

  func write(_ value: Float) {
    append(0xFA)
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
    withUnsafeBytes(of: magnitude.bigEndian) { append(.init(rebasing: $0.suffix(length))) }
  }

  @inline(__always)
  func write(_ value: String) {
    var text = value
    text.withUTF8 { utf8 in
      writeHead(CBORMajor.text, UInt64(utf8.count))
      append(UnsafeRawBufferPointer(utf8))
    }
  }

  func write(byteString content: UnsafeRawBufferPointer) {
    writeHead(CBORMajor.bytes, UInt64(content.count))
    append(content)
  }
}
