// SAFETY: Sendable, as one thread has a memory at a time: who takes it from the spare place has it alone, and it is put
// back only when nobody else refers to it.

/// What decoding one message takes: its state, and the slots with their containers. Used again for the next message.
final class DecodingMemory: @unchecked Sendable {
  let input: DecodingInput
  @exclusivity(unchecked) private var spare = SpareSlots<DecodingSlot>()
  /// Keeps the bytes alive where they are the decoder's own.
  private var owned: UnsafeMutableRawBufferPointer?

  private static let place = SparePlace<DecodingMemory>()

  private init() {
    // SAFETY: freed in `deinit`.
    let state = UnsafeMutablePointer<DecodingInput.State>.allocate(capacity: 1)
    state.initialize(to: DecodingInput.State())
    input = DecodingInput(state: state)
  }

  /// A message of its own, for values that had to be written out in another form first.
  convenience init(owning copy: [UInt8], like other: DecodingInput) {
    self.init()
    let owned = UnsafeMutableRawBufferPointer.allocate(byteCount: copy.count, alignment: 1)
    owned.copyBytes(from: copy)
    self.owned = owned
    input.state.pointee = other.state.pointee
    input.state.pointee.bytes = UnsafeRawBufferPointer(owned)
    input.forgetEnds()
  }

  deinit {
    spare.discard()
    input.state.deinitialize(count: 1)
    input.state.deallocate()
    owned?.deallocate()
  }

  // SAFETY: the caller keeps the bytes valid for the call, after which the input has none.
  /// Runs `body` with a memory for some bytes.
  @inline(__always)
  static func with<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (DecodingMemory) throws -> Result
  ) rethrows -> Result {
    var memory = place.take() ?? DecodingMemory()
    memory.input.state.pointee.gauge = StackGauge()
    memory.input.state.pointee.bytes = bytes
    defer { giveBack(&memory) }
    return try body(memory)
  }

  /// Makes a decoder that outlives its call find nothing instead of bytes that are gone, and keeps the memory if there is
  /// none.
  private static func giveBack(_ memory: inout DecodingMemory) {
    let state = memory.input.state
    state.pointee.bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    guard isKnownUniquelyReferenced(&memory) else { return }
    memory.input.forgetEnds()
    if !state.pointee.extraUserInfo.isEmpty { state.pointee.extraUserInfo = [:] }
    if state.pointee.descriptors != nil { state.pointee.descriptors = nil }
    place.put(memory)
  }

  /// A slot for a value of a type.
  @inline(__always)
  func takeFrame(_ type: ObjectIdentifier) -> SlotFrame<DecodingSlot> {
    spare.take(type) ?? SlotFrame(DecodingSlot(self))
  }

  /// Keeps a slot whose value is read.
  @inline(__always)
  func giveBack(_ frame: inout SlotFrame<DecodingSlot>, _ type: ObjectIdentifier) { spare.giveBack(&frame, type) }
}
