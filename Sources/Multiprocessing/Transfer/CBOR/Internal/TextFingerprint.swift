/// A text's length and first seven bytes: different fingerprints mean different texts, and nearly all keys differ in them.
struct TextFingerprint: Equatable {
  private let bits: UInt64

  /// From eight bytes at the start of the text, which may be more than it has.
  @inline(__always)
  init(firstBytes word: UInt64, count: Int) {
    let text = count >= 7 ? word & 0xFF_FFFF_FFFF_FFFF : word & ((1 << UInt64(8 * count)) - 1)
    bits = text | UInt64(min(count, 254)) << 56
  }

  // SAFETY: read inside the call, within the bounds.
  @inline(__always)
  init(_ text: UnsafeRawBufferPointer) {
    var word: UInt64 = 0
    for index in 0..<min(text.count, 7) { word |= UInt64(text[index]) << UInt64(8 * index) }
    bits = word | UInt64(min(text.count, 254)) << 56
  }

  /// What no text has.
  static let none = TextFingerprint(firstBytes: 0, count: 0).marked

  private var marked: TextFingerprint { TextFingerprint(raw: bits | 0xFF << 56) }

  private init(raw: UInt64) { bits = raw }

  /// Whether there is no more to the text.
  @inline(__always)
  var isWholeText: Bool { bits >> 56 <= 7 }
}
