internal import MultiprocessingSystem

/// Measures how much stack the calls since its creation use, and knows how much they may.
///
/// Nested `encode(to:)` and `init(from:)` calls run on the caller's stack: 8 MiB on the main thread, perhaps 512 KiB
/// on others, and a level takes 2 to 5 KiB where nothing is optimised. A count of levels alone would not be safe.
struct StackGauge {
  private let base: UInt
  /// What may be used in all; beyond the free amount it is found out once.
  private var limit: Int?

  init() { base = Self.position() }

  /// Whether another level may not be entered.
  mutating func isExhausted() -> Bool {
    let here = Self.position()
    let used = Int(base > here ? base - here : here - base)
    if used < CBORBounds.freeStack { return false }
    if let limit { return used > limit }
    let limit = ThreadStack.remaining.map { used + $0 - CBORBounds.reservedStack } ?? CBORBounds.freeStack
    self.limit = limit
    return used > limit
  }

  @inline(never)
  private static func position() -> UInt {
    var marker: UInt8 = 0
    // SAFETY: only the address is taken; nothing is read through it.
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
  }
}
