internal import Synchronization

// SAFETY: `current` is 0 or the address of a box whose one reference was given up to it: a published box is never
// released. Publishing releases and reading acquires, so whoever sees the address sees the box complete.

/// State of one process that a forked copy must not share: made on first use, and anew in a copy.
///
/// A copy inherits locks as other threads held them, and threads not at all; so it leaves the old value alone (and
/// leaks it) and makes its own.
package final class PerProcess<Value: AnyObject & Sendable>: Sendable {
  private final class Box: Sendable {
    let generation: UInt32
    let value: Value

    init(generation: UInt32, value: Value) {
      self.generation = generation
      self.value = value
    }
  }

  private let current = Atomic<UInt>(0)
  private let make: @Sendable () -> Value

  /// `make` may run more than once when threads race for the first use: it must have no effect outside its value.
  package init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  package var value: Value {
    let generation = ProcessControl.forkGeneration
    let known = current.load(ordering: .acquiring)
    // SAFETY: a published box is never released: it belongs to the process for its life.
    if let box = Self.box(known), box.generation == generation { return box.value }
    let fresh = Unmanaged.passRetained(Box(generation: generation, value: make()))
    let (exchanged, original) = current.compareExchange(
      expected: known, desired: UInt(bitPattern: fresh.toOpaque()), ordering: .acquiringAndReleasing)
    if exchanged { return fresh.takeUnretainedValue().value }
    fresh.release()
    return Self.box(original)!.value
  }

  /// The value if there is one in this process.
  package var existing: Value? {
    guard let box = Self.box(current.load(ordering: .acquiring)), box.generation == ProcessControl.forkGeneration
    else { return nil }
    return box.value
  }

  private static func box(_ bits: UInt) -> Box? {
    UnsafeRawPointer(bitPattern: bits).map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue() }
  }
}
