// SAFETY: Sendable, as one thread has a memory at a time: who takes it from the spare place has it alone, and it is put
// back only when nobody else refers to it.

/// What encoding one message takes: the buffer, and the slots with their containers. Used again for the next message,
/// as making them costs more than writing a small value.
final class EncodingMemory: @unchecked Sendable {
  let output: EncodingOutput
  @exclusivity(unchecked) private var spare = SpareSlots<EncodingSlot>()

  private static let keptCapacity = 65_536
  private static let place = SparePlace<EncodingMemory>()

  private init() {
    // SAFETY: both are freed in `deinit`.
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
    let state = UnsafeMutablePointer<EncodingOutput.State>.allocate(capacity: 1)
    state.initialize(to: EncodingOutput.State(bytes: bytes, capacity: 512))
    output = EncodingOutput(state: state)
  }

  deinit {
    spare.discard()
    output.state.pointee.bytes.deallocate()
    output.state.deinitialize(count: 1)
    output.state.deallocate()
  }

  /// A memory with nothing in it, for the caller alone.
  static func take() -> EncodingMemory {
    let memory = place.take() ?? EncodingMemory()
    memory.output.state.pointee.gauge = StackGauge()
    return memory
  }

  /// Keeps a memory for the next message, unless user code still holds a part of it.
  static func giveBack(_ memory: inout EncodingMemory) {
    guard isKnownUniquelyReferenced(&memory) else { return }
    memory.clear()
    if memory.output.state.pointee.capacity <= keptCapacity { place.put(memory) }
  }

  /// Runs `body` with a memory of its own.
  @inline(__always)
  static func with<Result>(_ body: (EncodingMemory) throws -> Result) rethrows -> Result {
    var memory = take()
    defer { giveBack(&memory) }
    return try body(memory)
  }

  private func clear() {
    let state = output.state
    state.pointee.count = 0
    state.pointee.copiesTrivialArrays = false
    state.pointee.isMessage = false
    if state.pointee.context != nil { state.pointee.context = nil }
    if state.pointee.hasFailed { output.failure = nil }
    if !state.pointee.extraUserInfo.isEmpty { state.pointee.extraUserInfo = [:] }
  }

  // MARK: Slots

  /// A slot for a value of a type.
  @inline(__always)
  func takeFrame(_ type: ObjectIdentifier) -> SlotFrame<EncodingSlot> {
    spare.take(type) ?? SlotFrame(EncodingSlot(self))
  }

  /// Keeps a slot whose value is written.
  @inline(__always)
  func giveBack(_ frame: inout SlotFrame<EncodingSlot>, _ type: ObjectIdentifier) { spare.giveBack(&frame, type) }
}
