internal import CMultiprocessing
internal import Glibc

/// A door that opens once: threads of this process wait in the kernel until it does.
package final class Gate: Sendable {
  // SAFETY: allocated for the life of this object; read and written by atomic operations and the kernel only.
  private nonisolated(unsafe) let word: UnsafeMutablePointer<UInt32>

  package init() {
    word = .allocate(capacity: 1)
    word.initialize(to: 0)
  }

  deinit { word.deallocate() }

  package var isOpen: Bool { mp_load_acquire(word) == 1 }

  /// Lets every waiter through, now and later.
  package func open() {
    mp_store_release(word, 1)
    mp_futex_wake(word, Int32.max)
  }

  /// Blocks the calling thread until the gate opens; false when `timeout` passes first.
  package func wait(timeout: Duration? = nil) -> Bool {
    let deadline = timeout.map { Self.deadline(after: $0) } ?? 0
    while !isOpen {
      if mp_futex_wait(word, 0, deadline) == ETIMEDOUT { return isOpen }
    }
    return true
  }

  private static func deadline(after duration: Duration) -> UInt64 { SharedWait.deadline(after: duration) }
}
