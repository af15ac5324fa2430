internal import CMultiprocessing

// SAFETY: whoever makes a word vouches that it is mapped and aligned for as long as it is used.

/// A number in shared memory whose store commits what was written before: whoever reads the number sees that, too, and a
/// process killed at any instruction has either written all of it or not stored the number.
package struct CommitWord: @unchecked Sendable {
  private let word: UnsafeMutablePointer<UInt32>

  package init(at address: UnsafeMutableRawPointer) { word = address.assumingMemoryBound(to: UInt32.self) }

  package func load() -> UInt32 {
    Steps.step()
    return mp_load_acquire(word)
  }

  package func store(_ number: UInt32) {
    Steps.step()
    mp_store_release(word, number)
  }
}
