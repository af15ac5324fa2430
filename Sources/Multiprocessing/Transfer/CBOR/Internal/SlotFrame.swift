// SAFETY: the frame owns one reference to `owner`, which is the slot itself or the box of a container that holds the
// slot: both are alive until `discard`. References are counted by hand, because what is asked is whether there are others:
// a copy that the compiler keeps for a moment would be one. For the same reason the steps of `reset` are not inlined.

/// What a value's own coding sees as its encoder or decoder, used for one value after another.
protocol ReusableSlot: AnyObject {
  /// The box of the container that was made for the present value, for the frame to own.
  func takeNewBox() -> AnyObject?
  /// Lets go of everything but the container.
  func clear()
  /// Forgets the container: it goes, and the slot stays with user code.
  func abandon()
}

/// A slot that is used for one value after another, and the container that was made for it last.
///
/// A container is a reference to a box in the standard library, of a type that is looked up for each key type: making one
/// costs more than writing five fields. The box holds the slot, so the slot cannot hold the box.
struct SlotFrame<Slot: ReusableSlot> {
  private var owner: UnsafeMutableRawPointer
  private let slotReference: UnsafeMutableRawPointer
  /// The type of the last value.
  private(set) var type: ObjectIdentifier?

  init(_ slot: consuming Slot) {
    owner = Unmanaged.passRetained(slot).toOpaque()
    slotReference = owner
  }

  @inline(__always)
  var slot: Slot { Unmanaged<Slot>.fromOpaque(slotReference).takeUnretainedValue() }

  /// Makes the slot ready for another value; false where user code holds it, or a container that uses it.
  @inline(__always)
  mutating func reset(_ type: ObjectIdentifier) -> Bool {
    if let box = Self.takeNewBox(slotReference) {
      Unmanaged<AnyObject>.fromOpaque(owner).release()
      owner = box
    }
    guard RuntimeLayout.isReferencedOnce(owner) else { return false }
    if owner != slotReference, !RuntimeLayout.isReferencedOnce(slotReference) { return false }
    Self.clear(slotReference)
    self.type = type
    return true
  }

  /// Gives up the slot. User code may still hold it, and goes on without the container that goes now.
  func discard() {
    Self.abandon(slotReference)
    Unmanaged<AnyObject>.fromOpaque(owner).release()
  }

  @inline(never)
  private static func takeNewBox(_ slot: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let slot = Unmanaged<Slot>.fromOpaque(slot).takeUnretainedValue()
    return slot.takeNewBox().map { Unmanaged.passRetained($0).toOpaque() }
  }

  @inline(never)
  private static func abandon(_ slot: UnsafeMutableRawPointer) {
    Unmanaged<Slot>.fromOpaque(slot).takeUnretainedValue().abandon()
  }

  @inline(never)
  private static func clear(_ slot: UnsafeMutableRawPointer) {
    Unmanaged<Slot>.fromOpaque(slot).takeUnretainedValue().clear()
  }
}

/// Frames that nobody uses, the one last used at the end.
struct SpareSlots<Slot: ReusableSlot> {
  private var frames: [SlotFrame<Slot>] = []

  private static var most: Int { 16 }

  /// A frame for a value of a type: if there is one, that which held such a value last.
  @inline(__always)
  mutating func take(_ type: ObjectIdentifier) -> SlotFrame<Slot>? {
    guard let last = frames.last else { return nil }
    return last.type == type ? frames.removeLast() : takeOther(type)
  }

  @inline(never)
  private mutating func takeOther(_ type: ObjectIdentifier) -> SlotFrame<Slot>? {
    if let index = frames.lastIndex(where: { $0.type == type }) { return frames.remove(at: index) }
    return frames.count < Self.most ? nil : frames.removeFirst()
  }

  /// Keeps a frame whose value is done, unless user code still holds the slot.
  @inline(__always)
  mutating func giveBack(_ frame: inout SlotFrame<Slot>, _ type: ObjectIdentifier) {
    guard frame.reset(type), frames.count < Self.most else { return frame.discard() }
    frames.append(frame)
  }

  func discard() { for frame in frames { frame.discard() } }
}
