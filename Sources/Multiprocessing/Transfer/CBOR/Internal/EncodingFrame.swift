// SAFETY: the frame owns one reference to `owner`, which is the slot itself or the box of a container that holds the
// slot: both are alive until `discard`. References are counted by hand, because what is asked is whether there are others:
// a copy that the compiler keeps for a moment would be one. For the same reason the steps of `reset` are not inlined.

/// A slot that is used for one value after another, and the container that was made for it last.
///
/// A container is a reference to a box in the standard library, of a type that is looked up for each key type: making one
/// costs more than writing five fields. The box holds the slot, so the slot cannot hold the box.
struct EncodingFrame {
  private var owner: UnsafeMutableRawPointer
  private let slotReference: UnsafeMutableRawPointer
  /// The type of the value written last.
  private(set) var type: ObjectIdentifier?

  init(_ slot: consuming EncodingSlot) {
    owner = Unmanaged.passRetained(slot).toOpaque()
    slotReference = owner
  }

  @inline(__always)
  var slot: EncodingSlot { Unmanaged<EncodingSlot>.fromOpaque(slotReference).takeUnretainedValue() }

  /// Makes the slot ready for another value; false where user code holds it, or a container that writes to it.
  mutating func reset(_ type: ObjectIdentifier) -> Bool {
    if let box = Self.takeNewBox(slotReference) {
      Unmanaged<AnyObject>.fromOpaque(owner).release()
      owner = box
    }
    guard RuntimeLayout.isReferencedOnce(owner), RuntimeLayout.isReferencedOnce(slotReference) else { return false }
    Self.clear(slotReference)
    self.type = type
    return true
  }

  /// Gives up the slot.
  func discard() { Unmanaged<AnyObject>.fromOpaque(owner).release() }

  @inline(never)
  private static func takeNewBox(_ slot: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let slot = Unmanaged<EncodingSlot>.fromOpaque(slot).takeUnretainedValue()
    return slot.takeNewBox().map { Unmanaged.passRetained($0).toOpaque() }
  }

  @inline(never)
  private static func clear(_ slot: UnsafeMutableRawPointer) {
    Unmanaged<EncodingSlot>.fromOpaque(slot).takeUnretainedValue().clear()
  }
}
