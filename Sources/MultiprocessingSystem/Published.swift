internal import Synchronization

// SAFETY: `bits` is always the address of a box whose one reference was given up to it: boxes are never released.
// Storing releases and loading acquires, so whoever sees the address sees the box complete.

/// A value that any thread reads without a lock and that changes a few times in a process's life.
///
/// Reading works in a forked copy whatever other threads were doing at the time of the fork. Each change leaks the
/// value before: a reader may still hold it.
package final class Published<Value: Sendable>: Sendable {
  private final class Box: Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
  }

  private let bits: Atomic<UInt>

  package init(_ value: Value) { bits = Atomic(Self.bits(of: value)) }

  package var value: Value {
    get {
      // SAFETY: the bits are those of a box that is never released.
      let pointer = UnsafeRawPointer(bitPattern: bits.load(ordering: .acquiring))!
      return Unmanaged<Box>.fromOpaque(pointer).takeUnretainedValue().value
    }
    set { bits.store(Self.bits(of: newValue), ordering: .releasing) }
  }

  private static func bits(of value: Value) -> UInt {
    UInt(bitPattern: Unmanaged.passRetained(Box(value)).toOpaque())
  }
}
