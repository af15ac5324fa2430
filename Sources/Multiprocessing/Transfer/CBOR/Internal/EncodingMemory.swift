internal import Synchronization

// SAFETY: Sendable, as one thread has a memory at a time: who takes it from the spare place has it alone, and it is put
// back only when nobody else refers to it.

/// What encoding one message takes: the buffer, and the slots with their containers. Used again for the next message,
/// as making them costs more than writing a small value.
final class EncodingMemory: @unchecked Sendable {
  let output: EncodingOutput
  /// Slots that nobody uses, the one last used at the end.
  @exclusivity(unchecked) private var spare: [EncodingFrame] = []

  private static let most = 16
  private static let keptCapacity = 65_536
  /// The memory that waits to be used, as the bits of a reference that this place owns.
  private static let place = Atomic<UInt>(0)

  private init() {
    // SAFETY: both are freed in `deinit`.
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
    let state = UnsafeMutablePointer<EncodingOutput.State>.allocate(capacity: 1)
    state.initialize(to: EncodingOutput.State(bytes: bytes, capacity: 512))
    output = EncodingOutput(state: state)
  }

  deinit {
    for frame in spare { frame.discard() }
    output.state.pointee.bytes.deallocate()
    output.state.deinitialize(count: 1)
    output.state.deallocate()
  }

  /// A memory with nothing in it, for the caller alone.
  static func take() -> EncodingMemory {
    // SAFETY: acquiring, as what the last user wrote in it is read; the bits are of a reference that the place owned.
    let bits = place.exchange(0, ordering: .acquiring)
    let memory =
      UnsafeRawPointer(bitPattern: bits).map { Unmanaged<EncodingMemory>.fromOpaque($0).takeRetainedValue() }
      ?? EncodingMemory()
    memory.output.state.pointee.gauge = StackGauge()
    return memory
  }

  /// Keeps a memory for the next message, unless user code still holds a part of it.
  static func giveBack(_ memory: inout EncodingMemory) {
    guard isKnownUniquelyReferenced(&memory) else { return }
    memory.clear()
    guard memory.output.state.pointee.capacity <= keptCapacity else { return }
    let bits = UInt(bitPattern: Unmanaged.passRetained(memory).toOpaque())
    // SAFETY: releasing, so that the next user sees what was written; acquiring for the memory found instead, if any.
    let other = place.exchange(bits, ordering: .acquiringAndReleasing)
    if let other = UnsafeRawPointer(bitPattern: other) { Unmanaged<EncodingMemory>.fromOpaque(other).release() }
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
    if state.pointee.failure != nil { state.pointee.failure = nil }
    if !state.pointee.extraUserInfo.isEmpty { state.pointee.extraUserInfo = [:] }
  }

  // MARK: Slots

  /// A slot for a value of a type: if there is one, that which held such a value last, with its container.
  @inline(__always)
  func takeFrame(_ type: ObjectIdentifier) -> EncodingFrame {
    guard let last = spare.last else { return EncodingFrame(EncodingSlot(self)) }
    if last.type == type { return spare.removeLast() }
    return takeFrameSlowly(type)
  }

  @inline(never)
  private func takeFrameSlowly(_ type: ObjectIdentifier) -> EncodingFrame {
    if let index = spare.lastIndex(where: { $0.type == type }) { return spare.remove(at: index) }
    return spare.count < Self.most ? EncodingFrame(EncodingSlot(self)) : spare.removeFirst()
  }

  /// Keeps a slot whose value is written, unless user code still holds it.
  @inline(__always)
  func giveBack(_ frame: inout EncodingFrame, _ type: ObjectIdentifier) {
    guard frame.reset(type), spare.count < Self.most else { return frame.discard() }
    spare.append(frame)
  }
}
