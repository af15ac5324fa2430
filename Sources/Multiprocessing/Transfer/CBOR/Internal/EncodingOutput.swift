// SAFETY: `state` belongs to the `EncodingMemory` that made this; whoever uses an output holds that memory: the encoder
// for the length of its call, a slot for as long as somebody can write to it. One thread writes at a time. Bytes to
// append are copied before the appending call returns, and never lie in the output.

/// The bytes of one message while it is written, and the slots open at their end.
///
/// A pointer and nothing else, as a class would cost a check for exclusive access and a reference count at each byte.
struct EncodingOutput {
  struct State {
    var bytes: UnsafeMutablePointer<UInt8>
    var capacity: Int
    var count = 0
    /// The innermost slot whose content ends at the end of the bytes.
    var top: EncodingSlot?
    /// Slots closed by a write to their parent while somebody still holds them: they may be written to again.
    var closedEarly: [EncodingSlot] = []
    /// What went wrong in a call that cannot throw; thrown when the message is finished.
    var failure: EncodingError?
    /// Whether there is one: it is asked for each message, and the error itself is slow to look at.
    var hasFailed = false
    var copiesTrivialArrays = false
    var gauge = StackGauge()
    var extraUserInfo: [CodingUserInfoKey: any Sendable] = [:]
    /// Whether there is a message around the bytes, which can carry descriptors.
    var isMessage = false
    var format = TransferFormat.sameBuild
    /// The message's context, made when a value asks for it: most messages carry no handle.
    var context: TransferContext?
  }

  // SAFETY: see the head of the file.
  let state: UnsafeMutablePointer<State>

  var top: EncodingSlot? {
    get { state.pointee.top }
    nonmutating set { state.pointee.top = newValue }
  }

  var failure: EncodingError? {
    get { state.pointee.hasFailed ? state.pointee.failure : nil }
    nonmutating set {
      state.pointee.failure = newValue
      state.pointee.hasFailed = newValue != nil
    }
  }

  var userInfo: [CodingUserInfoKey: Any] {
    var userInfo: [CodingUserInfoKey: Any] = state.pointee.extraUserInfo
    if state.pointee.isMessage {
      let context = state.pointee.context ?? TransferContext(state.pointee.format)
      state.pointee.context = context
      userInfo[TransferContext.userInfoKey] = context
    }
    return userInfo
  }

  // MARK: Bytes

  @inline(__always)
  var count: Int { state.pointee.count }

  // SAFETY: valid until the next byte is written.
  /// All bytes so far.
  var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: state.pointee.bytes, count: count) }

  subscript(offset: Int) -> UInt8 {
    get {
      precondition(offset < count)
      return state.pointee.bytes[offset]
    }
    nonmutating set {
      precondition(offset < count)
      state.pointee.bytes[offset] = newValue
    }
  }

  // SAFETY: the result has room for as many bytes; the caller writes them all before anything else is written.
  /// Lengthens the output by bytes that the caller is about to write.
  @inline(__always)
  private func extend(by length: Int) -> UnsafeMutablePointer<UInt8> {
    let start = state.pointee.count
    if state.pointee.capacity - start < length { grow(for: length) }
    state.pointee.count = start + length
    return state.pointee.bytes + start
  }

  @inline(never)
  private func grow(for length: Int) {
    let capacity = max(state.pointee.capacity * 2, state.pointee.count + length)
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    bytes.update(from: state.pointee.bytes, count: count)
    state.pointee.bytes.deallocate()
    state.pointee.bytes = bytes
    state.pointee.capacity = capacity
  }

  @inline(__always)
  func append(_ byte: UInt8) { extend(by: 1).pointee = byte }

  @inline(__always)
  func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    // SAFETY: the room is as long as the bytes, which do not lie in it.
    UnsafeMutableRawPointer(extend(by: bytes.count)).copyMemory(from: start, byteCount: bytes.count)
  }

  func truncate(to count: Int) { state.pointee.count = min(count, state.pointee.count) }

  /// Puts other bytes in the place of some.
  func replace(_ range: Range<Int>, with replacement: [UInt8]) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let tail = Array(content[range.upperBound...])
    truncate(to: range.lowerBound)
    // SAFETY: the arrays' own storage, copied inside the calls.
    replacement.withUnsafeBytes { append($0) }
    tail.withUnsafeBytes { append($0) }
  }

  // MARK: Heads

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
    case ...0xFF: append(major | 24, UInt8(truncatingIfNeeded: argument))
    case ...0xFFFF: append(major | 25, UInt16(truncatingIfNeeded: argument))
    case ...0xFFFF_FFFF: append(major | 26, UInt32(truncatingIfNeeded: argument))
    default: append(major | 27, argument)
    }
  }

  /// Appends a byte, and an integer behind it with its highest byte first.
  @inline(__always)
  func append<I: FixedWidthInteger & BitwiseCopyable>(_ byte: UInt8, _ value: I) {
    let place = UnsafeMutableRawPointer(extend(by: 1 + MemoryLayout<I>.size))
    // SAFETY: there is room for both.
    place.storeBytes(of: byte, as: UInt8.self)
    place.storeBytes(of: value.bigEndian, toByteOffset: 1, as: I.self)
  }
}
