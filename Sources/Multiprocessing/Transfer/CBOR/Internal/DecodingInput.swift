internal import MultiprocessingSystem

// SAFETY: `bytes` is memory of `CBORDecoder.decode`'s caller until `invalidate`, or of this object until `deinit`.
// Release builds do not check the subscripts, so every offset is held against `bytes.count` before it is used; a slice
// handed out is used before the decoding call returns.

/// The bytes of one message while it is read. Nothing in them is believed: every length is held against what is left.
final class DecodingInput {
  // SAFETY: borrowed for the duration of one `CBORDecoder.decode`, which calls `invalidate` before it returns. Behind a
  // pointer, because a stored variable would cost a check for exclusive access at each byte.
  private let place: UnsafeMutablePointer<UnsafeRawBufferPointer>
  /// Keeps `bytes` alive where they are the decoder's own.
  private var owned: UnsafeMutableRawBufferPointer?
  /// Where long containers end, so that skipping one again, level by level, costs nothing.
  var knownEnds: [Int: Int] = [:]
  private let extraUserInfo: [CodingUserInfoKey: any Sendable]
  /// The descriptors that came with the message; nil where there is no message around the bytes.
  private let descriptors: [Descriptor]?
  let copiesTrivialArrays: Bool
  var gauge: StackGauge

  init(
    _ bytes: UnsafeRawBufferPointer, userInfo: [CodingUserInfoKey: any Sendable], descriptors: [Descriptor]?,
    copiesTrivialArrays: Bool
  ) {
    place = .allocate(capacity: 1)
    place.initialize(to: bytes)
    extraUserInfo = userInfo
    self.descriptors = descriptors
    self.copiesTrivialArrays = copiesTrivialArrays
    gauge = StackGauge()
  }

  /// A message of its own, for values that had to be written out in another form first.
  init(owning copy: [UInt8], like input: DecodingInput) {
    let owned = UnsafeMutableRawBufferPointer.allocate(byteCount: copy.count, alignment: 1)
    owned.copyBytes(from: copy)
    self.owned = owned
    // SAFETY: freed in `deinit`.
    place = .allocate(capacity: 1)
    place.initialize(to: UnsafeRawBufferPointer(owned))
    extraUserInfo = input.extraUserInfo
    descriptors = input.descriptors
    copiesTrivialArrays = input.copiesTrivialArrays
    gauge = input.gauge
  }

  deinit {
    place.deallocate()
    owned?.deallocate()
  }

  @inline(__always)
  private var bytes: UnsafeRawBufferPointer { place.pointee }

  var userInfo: [CodingUserInfoKey: Any] {
    var userInfo: [CodingUserInfoKey: Any] = extraUserInfo
    if let descriptors { userInfo[TransferContext.userInfoKey] = TransferContext(received: descriptors) }
    return userInfo
  }

  var count: Int { bytes.count }

  /// Makes a decoder that outlives its call find nothing instead of memory that is gone.
  func invalidate() { place.pointee = UnsafeRawBufferPointer(start: nil, count: 0) }

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

  /// The number of entries of an array or map of definite length, each of which takes at least `size` bytes.
  func count(of item: CBORItem, size: Int) throws(CBORFault) -> Int {
    guard item.argument <= UInt64((bytes.count - item.next) / size) else {
      throw .corrupted("a count of \(item.argument) in \(bytes.count - item.next) bytes")
    }
    return Int(item.argument)
  }

  /// Whether an indefinite-length item ends at an offset.
  func isBreak(at offset: Int) -> Bool { offset < bytes.count && bytes[offset] == 0xFF }
}
