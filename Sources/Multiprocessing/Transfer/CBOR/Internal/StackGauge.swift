/// Measures how much stack the calls since its creation use.
struct StackGauge {
  private let base: UInt

  init() { base = Self.position() }

  /// Whether the calls since `init` use more than `CBORBounds.stack`.
  var isExhausted: Bool {
    let here = Self.position()
    return (base > here ? base - here : here - base) > CBORBounds.stack
  }

  @inline(never)
  private static func position() -> UInt {
    var marker: UInt8 = 0
    // SAFETY: only the address is taken; nothing is read through it.
    return withUnsafeMutablePointer(to: &marker) { UInt(bitPattern: $0) }
  }
}
