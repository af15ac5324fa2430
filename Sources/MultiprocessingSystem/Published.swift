internal import Synchronization

// SAFETY: `bits` is always the address of a box whose one reference was given up to it: boxes are never released.
// Storing releases and loading acquires, so whoever sees the address sees the box complete.

/// A value that any thread reads without a lock and that changes a few times in a process's life.
///
/// Reading works in a forked copy whatever other threads were doing at the time of the fork. No value is ever
/// released: a reader may still hold it.
///
/// A struct: of a generic class the runtime makes the type, in every child anew.
package struct Published<Value: Sendable>: ~Copyable, Sendable {
  private final class Box: Sendable {
    let value: Value
    /// The bits before. Never read; they keep a program's leak checker from reporting the old box as lost.
    private let previous: UInt

    init(_ value: Value, previous: UInt) {
      self.value = value
      self.previous = previous
    }
  }

  private let bits: Atomic<UInt>

  package init(_ value: Value) { bits = Atomic(Self.bits(of: value, previous: 0)) }

  package var value: Value {
    get {
      // SAFETY: the bits are those of a box that is never released.
      let pointer = UnsafeRawPointer(bitPattern: bits.load(ordering: .acquiring))!
      return Unmanaged<Box>.fromOpaque(pointer).takeUnretainedValue().value
    }
    nonmutating set {
      // SAFETY: releasing shows the new box's content to a reader that finds it; a box that lost the race was never seen.
      var old = bits.load(ordering: .relaxed)
      while true {
        let new = Self.bits(of: newValue, previous: old)
        let (isDone, found) = bits.compareExchange(expected: old, desired: new, ordering: .releasing)
        if isDone { return }
        old = found
      }
    }
  }

  private static func bits(of value: Value, previous: UInt) -> UInt {
    UInt(bitPattern: Unmanaged.passRetained(Box(value, previous: previous)).toOpaque())
  }
}
