/// What is still to be written to a stream. Pure: it says what comes next, and is told how much went.
struct StreamWriting {
  /// Pieces of the message that was begun.
  private var rest: [ArraySlice<UInt8>] = []
  /// Messages begun so far.
  private var begun: UInt64 = 0
  /// Some of the message that was begun went.
  private(set) var hasGone = false
  /// A message was cut off: what would follow it would be taken for its rest.
  private(set) var isBroken = false

  /// A message was begun, and is not out.
  var isPartial: Bool { !rest.isEmpty }

  var next: ArraySlice<UInt8>? { rest.first }

  /// Begins a message; only when none is partial.
  ///
  /// - Returns: its number.
  mutating func begin(_ pieces: [[UInt8]]) -> UInt64 {
    rest = pieces.filter { !$0.isEmpty }.map { $0[...] }
    begun += 1
    hasGone = false
    return begun
  }

  mutating func wrote(_ count: Int) {
    if count > 0 { hasGone = true }
    rest[0] = rest[0].dropFirst(count)
    if rest[0].isEmpty { rest.removeFirst() }
  }

  /// No more of the message goes. One of which nothing went was never begun; one of which some did ends the stream.
  mutating func abandon() {
    if hasGone { isBroken = true }
    rest = []
  }

  /// Whether a message that was begun is out.
  func isOut(_ number: UInt64) -> Bool { number < begun || rest.isEmpty }
}
