internal import CMultiprocessing

// SAFETY: whoever makes a cell vouches that the word is mapped and aligned for as long as the cell is used.

/// An integer of one, two, four or eight bytes in memory that several processes see.
///
/// Values come and go as the low bits of a `UInt64`. All accesses are sequentially consistent.
package struct AtomicCell: @unchecked Sendable {
  private let word: UnsafeMutableRawPointer
  private let byteCount: Int

  package init(at word: UnsafeMutableRawPointer, byteCount: Int) {
    self.word = word
    self.byteCount = byteCount
  }

  package func load() -> UInt64 {
    switch byteCount {
    case 8: mp_atomic_load_64(word)
    case 4: UInt64(mp_atomic_load_32(word))
    case 2: UInt64(mp_atomic_load_16(word))
    default: UInt64(mp_atomic_load_8(word))
    }
  }

  package func store(_ value: UInt64) {
    switch byteCount {
    case 8: mp_atomic_store_64(word, value)
    case 4: mp_atomic_store_32(word, UInt32(truncatingIfNeeded: value))
    case 2: mp_atomic_store_16(word, UInt16(truncatingIfNeeded: value))
    default: mp_atomic_store_8(word, UInt8(truncatingIfNeeded: value))
    }
  }

  /// Adds, wrapping around, and returns the value before.
  package func add(_ value: UInt64) -> UInt64 {
    switch byteCount {
    case 8: mp_atomic_add_64(word, value)
    case 4: UInt64(mp_atomic_add_32(word, UInt32(truncatingIfNeeded: value)))
    case 2: UInt64(mp_atomic_add_16(word, UInt16(truncatingIfNeeded: value)))
    default: UInt64(mp_atomic_add_8(word, UInt8(truncatingIfNeeded: value)))
    }
  }

  /// Returns the value before.
  package func formAnd(_ value: UInt64) -> UInt64 {
    switch byteCount {
    case 8: mp_atomic_and_64(word, value)
    case 4: UInt64(mp_atomic_and_32(word, UInt32(truncatingIfNeeded: value)))
    case 2: UInt64(mp_atomic_and_16(word, UInt16(truncatingIfNeeded: value)))
    default: UInt64(mp_atomic_and_8(word, UInt8(truncatingIfNeeded: value)))
    }
  }

  /// Returns the value before.
  package func formOr(_ value: UInt64) -> UInt64 {
    switch byteCount {
    case 8: mp_atomic_or_64(word, value)
    case 4: UInt64(mp_atomic_or_32(word, UInt32(truncatingIfNeeded: value)))
    case 2: UInt64(mp_atomic_or_16(word, UInt16(truncatingIfNeeded: value)))
    default: UInt64(mp_atomic_or_8(word, UInt8(truncatingIfNeeded: value)))
    }
  }

  /// Returns the value before.
  package func exchange(_ value: UInt64) -> UInt64 {
    switch byteCount {
    case 8: mp_atomic_exchange_64(word, value)
    case 4: UInt64(mp_atomic_exchange_32(word, UInt32(truncatingIfNeeded: value)))
    case 2: UInt64(mp_atomic_exchange_16(word, UInt16(truncatingIfNeeded: value)))
    default: UInt64(mp_atomic_exchange_8(word, UInt8(truncatingIfNeeded: value)))
    }
  }

  /// Returns the value before: `expected` when the exchange took place.
  package func compareExchange(_ expected: UInt64, _ desired: UInt64) -> UInt64 {
    switch byteCount {
    case 8:
      mp_atomic_compare_exchange_64(word, expected, desired)
    case 4:
      UInt64(
        mp_atomic_compare_exchange_32(
          word, UInt32(truncatingIfNeeded: expected), UInt32(truncatingIfNeeded: desired)))
    case 2:
      UInt64(
        mp_atomic_compare_exchange_16(
          word, UInt16(truncatingIfNeeded: expected), UInt16(truncatingIfNeeded: desired)))
    default:
      UInt64(
        mp_atomic_compare_exchange_8(
          word, UInt8(truncatingIfNeeded: expected), UInt8(truncatingIfNeeded: desired)))
    }
  }
}
