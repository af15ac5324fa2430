package import Synchronization

// SAFETY: `bits` is always the address of a node whose memory is never released. Storing releases and loading acquires, so
// whoever sees the address sees the node complete.

/// A value that any thread reads without a lock and that changes a few times in a process's life.
///
/// Reading works in a forked copy whatever other threads were doing at the time of the fork. No value is ever
/// released: a reader may still hold it.
///
/// Inlined, and neither it nor what it holds is a class: of those the runtime would make the types, in every child anew.
package struct Published<Value: Sendable>: ~Copyable, Sendable {
  @usableFromInline struct Node {
    @usableFromInline let value: Value
    /// The bits before. Never read; they keep a program's leak checker from reporting the old node as lost.
    @usableFromInline let previous: UInt

    @usableFromInline init(value: Value, previous: UInt) {
      self.value = value
      self.previous = previous
    }
  }

  @usableFromInline let bits: Atomic<UInt>

  @inlinable @inline(__always) package init(_ value: Value) { bits = Atomic(Self.bits(of: value, previous: 0)) }

  @inlinable package var value: Value {
    @inline(__always) get {
      // SAFETY: the bits are those of a node that is never released.
      UnsafePointer<Node>(bitPattern: bits.load(ordering: .acquiring))!.pointee.value
    }
    @inline(__always) nonmutating set {
      // SAFETY: releasing shows the new node's content to a reader that finds it; one that lost the race was never seen.
      var old = bits.load(ordering: .relaxed)
      while true {
        let new = Self.bits(of: newValue, previous: old)
        let (isDone, found) = bits.compareExchange(expected: old, desired: new, ordering: .releasing)
        if isDone { return }
        old = found
      }
    }
  }

  @inlinable @inline(__always) static func bits(of value: Value, previous: UInt) -> UInt {
    // SAFETY: room for one node, which begins here and never ends.
    let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
    node.initialize(to: Node(value: value, previous: previous))
    return UInt(bitPattern: node)
  }
}
