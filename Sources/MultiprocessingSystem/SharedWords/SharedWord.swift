internal import CMultiprocessing

// SAFETY: the address is that of a naturally aligned word in memory that the owner of this value keeps mapped. Every
// access is one atomic operation; what the values mean, and who may write them, stands with whoever lays the memory out.

/// A word of 32 bits that several processes read, change and sleep on.
package struct SharedWord: @unchecked Sendable {
  package let address: UnsafeMutablePointer<UInt32>

  package init(at address: UnsafeMutableRawPointer) { self.address = address.assumingMemoryBound(to: UInt32.self) }

  /// Tells words of one process apart.
  package var key: UInt { UInt(bitPattern: address) }

  package func load() -> UInt32 {
    Steps.step()
    return mp_word_load(address)
  }

  package func store(_ value: UInt32) {
    Steps.step()
    mp_word_store(address, value)
  }

  /// Adds, and returns the sum.
  @discardableResult package func add(_ value: UInt32) -> UInt32 {
    Steps.step()
    return mp_word_add(address, value)
  }

  /// Stores `desired` if `expected` is there; else `expected` becomes what was found.
  package func exchange(_ expected: inout UInt32, for desired: UInt32) -> Bool {
    Steps.step()
    return mp_word_exchange(address, &expected, desired) == 1
  }

  /// Wakes at most `count` sleepers of any process, and returns how many there were.
  @discardableResult package func wake(_ count: Int32 = .max) -> Int {
    Steps.step()
    return Int(mp_shared_wake(address, count))
  }
}

/// A word of 64 bits that several processes read and change.
package struct SharedLongWord: @unchecked Sendable {
  package let address: UnsafeMutablePointer<UInt64>

  package init(at address: UnsafeMutableRawPointer) { self.address = address.assumingMemoryBound(to: UInt64.self) }

  /// The word of the low 32 bits, which can be slept on.
  package var lowerHalf: SharedWord { SharedWord(at: UnsafeMutableRawPointer(address) + Self.lowerOffset) }

  private static let lowerOffset = 1.littleEndian == 1 ? 0 : 4

  package func load() -> UInt64 {
    Steps.step()
    return mp_long_load(address)
  }

  package func store(_ value: UInt64) {
    Steps.step()
    mp_long_store(address, value)
  }

  /// Without an order: for what only the thread that wrote it acts on.
  package func loadRelaxed() -> UInt64 {
    Steps.step()
    return mp_long_load_relaxed(address)
  }

  /// As `loadRelaxed`.
  package func storeRelaxed(_ value: UInt64) {
    Steps.step()
    mp_long_store_relaxed(address, value)
  }

  /// Stores `desired` if `expected` is there; else `expected` becomes what was found.
  package func exchange(_ expected: inout UInt64, for desired: UInt64) -> Bool {
    Steps.step()
    return mp_long_exchange(address, &expected, desired) == 1
  }

  /// Exchanges 0 for this process's id (`OwnID`); false when the word is not 0 or there is no id. A call of its own,
  /// because it is the whole of an uncontended lock.
  package func take() -> Bool {
    Steps.step()
    return mp_own_take(address) == 1
  }

  /// Exchanges exactly this process's id for 0; false when anything else is there, or a `condition` is not 0.
  package func giveUp(unless condition: SharedLongWord? = nil) -> Bool {
    if let condition, condition.load() != 0 { return false }
    Steps.step()
    return mp_own_release(address) == 1
  }
}
