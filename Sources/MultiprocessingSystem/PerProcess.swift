package import Synchronization

// SAFETY: `current` is 0 or the address of a box that was given up to it: a published box is never released. Publishing
// releases and reading acquires, so whoever sees the address sees the box complete.

/// State of one process that a forked copy must not share: made on first use, and anew in a copy.
///
/// A copy inherits locks as other threads held them, and threads not at all; so it leaves the old value alone (and
/// leaks it) and makes its own.
///
/// Inlined, and no class, for the reason that `Published` has.
package struct PerProcess<Value: AnyObject & Sendable>: ~Copyable, Sendable {
  @usableFromInline struct Box {
    @usableFromInline let generation: UInt32
    @usableFromInline let value: Value

    @usableFromInline init(generation: UInt32, value: Value) {
      self.generation = generation
      self.value = value
    }
  }

  @usableFromInline let current = Atomic<UInt>(0)
  @usableFromInline let make: @Sendable () -> Value

  /// `make` may run more than once when threads race for the first use: it must have no effect outside its value.
  @inlinable package init(_ make: @escaping @Sendable () -> Value) { self.make = make }

  @inlinable package var value: Value {
    let generation = ProcessControl.forkGeneration
    let known = current.load(ordering: .acquiring)
    // SAFETY: a published box is never released: it belongs to the process for its life.
    if let box = Self.box(known), box.pointee.generation == generation { return box.pointee.value }
    let fresh = UnsafeMutablePointer<Box>.allocate(capacity: 1)
    // SAFETY: room for one box. It is given up where it is published, and ends here where another was faster.
    fresh.initialize(to: Box(generation: generation, value: make()))
    let (exchanged, original) = current.compareExchange(
      expected: known, desired: UInt(bitPattern: fresh), ordering: .acquiringAndReleasing)
    if exchanged { return fresh.pointee.value }
    fresh.deinitialize(count: 1)
    fresh.deallocate()
    return Self.box(original)!.pointee.value
  }

  /// The value if there is one in this process.
  @inlinable package var existing: Value? {
    guard let box = Self.box(current.load(ordering: .acquiring)),
      box.pointee.generation == ProcessControl.forkGeneration
    else { return nil }
    return box.pointee.value
  }

  @inlinable static func box(_ bits: UInt) -> UnsafePointer<Box>? { UnsafePointer(bitPattern: bits) }
}
