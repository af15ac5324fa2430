/// One process of a tree, for ever: the slot it claimed, the slot's generation and its process id (`README.md`).
///
/// Bit 31 is not part of it; whoever stores an id may use that bit for itself.
package struct OwnerID: Hashable, Sendable {
  package let bits: UInt64

  package init?(bits: UInt64) {
    guard bits & Self.slotMask != 0 else { return nil }
    self.bits = bits & ~Self.freeBit
  }

  init(slot: Int, generation: UInt64, process: ProcessID) {
    bits =
      UInt64(slot + 1) | (generation & 0x1FFFF) << 14 | UInt64(UInt32(bitPattern: process) & 0x3F_FFFF) << 32
      | (generation >> 17 & 0x3FF) << 54
  }

  static let slotMask: UInt64 = 0x3FFF
  static let freeBit: UInt64 = 1 << 31
  static let generationMask: UInt64 = 0x7FF_FFFF
  /// The most slots that the numbers of slots can name.
  static let mostSlots = 0x3FFF

  var slot: Int { Int(bits & Self.slotMask) - 1 }
  var generation: UInt64 { bits >> 14 & 0x1FFFF | (bits >> 54) << 17 }
  package var process: ProcessID { ProcessID(bits >> 32 & 0x3F_FFFF) }
}
