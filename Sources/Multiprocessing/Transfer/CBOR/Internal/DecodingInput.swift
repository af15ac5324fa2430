internal import MultiprocessingSystem

// SAFETY: `state` belongs to the `DecodingMemory` that made this, which every slot in use holds. Its bytes are memory of
// `CBORDecoder.decode`'s caller until the call returns, and none from then on, or the `DecodingMemory`'s own. Release
// builds do not check the subscripts, so every offset is held against `bytes.count` before it is used; a slice handed out
// is used before the decoding call returns.

/// The bytes of one message while it is read. Nothing in them is believed: every length is held against what is left.
///
/// A pointer and nothing else, as a class would cost a check for exclusive access and a reference count at each byte.
struct DecodingInput {
  struct State {
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where long containers end, so that skipping one again, level by level, costs nothing.
    var knownEnds: [Int: Int] = [:]
    /// Where the item read last starts and ends.
    var lastStart = -1
    var lastEnd = -1
    var extraUserInfo: [CodingUserInfoKey: any Sendable] = [:]
    /// The descriptors that came with the message; nil where there is no message around the bytes.
    var descriptors: [Descriptor]?
    var copiesTrivialArrays = false
    var gauge = StackGauge()
  }

  // SAFETY: see the head of the file.
  let state: UnsafeMutablePointer<State>

  @inline(__always)
  private var bytes: UnsafeRawBufferPointer { state.pointee.bytes }

  var userInfo: [CodingUserInfoKey: Any] {
    var userInfo: [CodingUserInfoKey: Any] = state.pointee.extraUserInfo
    if let descriptors = state.pointee.descriptors {
      userInfo[TransferContext.userInfoKey] = TransferContext(received: descriptors)
    }
    return userInfo
  }

  /// Remembers where an item ends that was read as a whole, so that it need not be skipped.
  @inline(__always)
  func note(_ start: Int, endsAt end: Int) {
    state.pointee.lastStart = start
    state.pointee.lastEnd = end
  }

  /// Where the item at an offset ends, if it is the one read last.
  @inline(__always)
  func knownEnd(of start: Int) -> Int? { state.pointee.lastStart == start ? state.pointee.lastEnd : nil }

  func forgetEnds() {
    note(-1, endsAt: -1)
    if !state.pointee.knownEnds.isEmpty { state.pointee.knownEnds = [:] }
  }

  var count: Int { bytes.count }

  // MARK: Heads

  /// Reads the head at an offset, tags included as items of their own.
  @inline(__always)
  func head(at offset: Int) throws(CBORFault) -> CBORItem {
    guard offset < bytes.count else { throw .corrupted("the data ends early") }
    let first = bytes[offset]
    let info = first & 0x1F
    if info < 24 {
      return CBORItem(major: first & 0xE0, info: info, argument: UInt64(info), next: offset + 1)
    }
    return try longHead(first, at: offset)
  }

  @inline(never)
  private func longHead(_ first: UInt8, at offset: Int) throws(CBORFault) -> CBORItem {
    let major = first & 0xE0
    let info = first & 0x1F
    if info == 31 {
      guard [CBORMajor.bytes, CBORMajor.text, CBORMajor.array, CBORMajor.map, CBORMajor.simple].contains(major) else {
        throw .corrupted("an indefinite length where there is none")
      }
      return CBORItem(major: major, info: info, argument: 0, next: offset + 1)
    }
    guard info < 28 else { throw .corrupted("a head with the reserved value \(info)") }
    let length = 1 << Int(info - 24)
    guard length < bytes.count - offset else { throw .corrupted("the data ends early") }
    var argument: UInt64 = 0
    for index in 1...length { argument = argument << 8 | UInt64(bytes[offset + index]) }
    return CBORItem(major: major, info: info, argument: argument, next: offset + 1 + length)
  }

  /// Reads the item at an offset, through the tags before it.
  @inline(__always)
  func item(at offset: Int) throws(CBORFault) -> CBORItem {
    let head = try head(at: offset)
    return head.major == CBORMajor.tag ? try tagged(head) : head
  }

  @inline(never)
  func tagged(_ first: CBORItem) throws(CBORFault) -> CBORItem {
    var head = first
    var tag: UInt64?
    var depth = 0
    while head.major == CBORMajor.tag {
      depth += 1
      guard depth <= CBORBounds.depth else { throw .corrupted("more than \(CBORBounds.depth) tags on one item") }
      switch head.argument {
      case CBORTag.bignum, CBORTag.negativeBignum, CBORTag.typedArrays, CBORTag.copiedArray: tag = head.argument
      default: break
      }
      head = try self.head(at: head.next)
    }
    head.tag = tag
    return head
  }

  /// What kind of item starts at an offset; a tag is one.
  @inline(__always)
  func major(at offset: Int) throws(CBORFault) -> UInt8 { try byte(at: offset) & 0xE0 }

  func isNil(at offset: Int) throws(CBORFault) -> Bool { try head(at: offset).isNil }

  /// Where the content of an optional starts, if the item there is marked as one.
  func content(ofSomeAt offset: Int) throws(CBORFault) -> Int? {
    let head = try head(at: offset)
    return head.major == CBORMajor.tag && head.argument == CBORTag.some ? head.next : nil
  }

  // MARK: Contents

  /// The bytes of a string of definite length.
  @inline(__always)
  func content(of item: CBORItem) throws(CBORFault) -> UnsafeRawBufferPointer {
    guard !item.isIndefinite else { throw .corrupted("a byte string of indefinite length") }
    guard item.argument <= UInt64(bytes.count - item.next) else { throw .corrupted("a length beyond the data's end") }
    return UnsafeRawBufferPointer(rebasing: bytes[item.next..<item.next + Int(item.argument)])
  }

  func byte(at offset: Int) throws(CBORFault) -> UInt8 {
    guard offset < bytes.count else { throw .corrupted("the data ends early") }
    return bytes[offset]
  }

  /// Bytes at a place found before; none if the input has been invalidated since.
  func bytes(in range: Range<Int>) -> UnsafeRawBufferPointer {
    guard range.upperBound <= bytes.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  @inline(__always)
  func holds(_ name: UnsafeRawBufferPointer, at range: Range<Int>) -> Bool {
    guard name.count == range.count, range.upperBound <= bytes.count else { return false }
    for index in 0..<name.count where bytes[range.lowerBound + index] != name[index] { return false }
    return true
  }

  /// A text's fingerprint, zero behind the data's end.
  @inline(__always)
  func fingerprint(_ range: Range<Int>) -> TextFingerprint {
    guard range.upperBound <= bytes.count else { return TextFingerprint(UnsafeRawBufferPointer(start: nil, count: 0)) }
    if bytes.count - range.lowerBound >= 8 {
      // SAFETY: eight bytes are there, as just checked; any alignment will do.
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self))
      return TextFingerprint(firstBytes: word, count: range.count)
    }
    return TextFingerprint(UnsafeRawBufferPointer(rebasing: bytes[range]))
  }

  /// The number of entries of an array or map of definite length, each of which takes at least `size` bytes.
  func count(of item: CBORItem, size: Int) throws(CBORFault) -> Int {
    guard item.argument <= UInt64((bytes.count - item.next) / size) else {
      throw .corrupted("a count of \(item.argument) in \(bytes.count - item.next) bytes")
    }
    return Int(item.argument)
  }

  /// Whether an indefinite-length item ends at an offset.
  func isBreak(at offset: Int) -> Bool { offset < bytes.count && bytes[offset] == 0xFF }

  /// Where an item ends that was read as a scalar; nil where that is not known without looking.
  @inline(__always)
  func end(ofScalar item: CBORItem) -> Int? {
    if item.major <= CBORMajor.negative || (item.major == CBORMajor.simple && !item.isIndefinite) { return item.next }
    // Checked when the text was read.
    if item.major == CBORMajor.text, !item.isIndefinite { return item.next + Int(item.argument) }
    return nil
  }
}
