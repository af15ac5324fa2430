internal import Synchronization

/// A place for one object that waits to be used again.
///
/// One is enough: a message is written or read in one go, mostly by one thread of the process. Who finds the place empty
/// makes an object of its own.
struct SparePlace<Object: AnyObject>: ~Copyable, Sendable {
  /// The bits of a reference that the place owns, or 0.
  private let bits = Atomic<UInt>(0)

  /// The object, for the caller alone.
  func take() -> Object? {
    // SAFETY: acquiring, as what the last user wrote in it is read; the bits are of a reference that the place owned.
    UnsafeRawPointer(bitPattern: bits.exchange(0, ordering: .acquiring)).map {
      Unmanaged<Object>.fromOpaque($0).takeRetainedValue()
    }
  }

  /// Keeps an object to which nobody else refers.
  func put(_ object: Object) {
    let new = UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
    // SAFETY: releasing, so that the next user sees what was written; acquiring for the object found instead, if any.
    let other = bits.exchange(new, ordering: .acquiringAndReleasing)
    if let other = UnsafeRawPointer(bitPattern: other) { Unmanaged<Object>.fromOpaque(other).release() }
  }
}
