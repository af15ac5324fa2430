/// What is still to be written to a stream. Pure: it says what comes next, and is told how much went.
struct StreamWriting {
  /// Pieces of the message that was begun.
  private var rest: [ArraySlice<UInt8>] = []
  /// Messages begun so far.
  private var begun: UInt64 = 0

  /// A message was begun, and is not out.
  var isPartial: Bool { !rest.isEmpty }

  var next: ArraySlice<UInt8>? { rest.first }

  /// Begins a message; only when none is partial.
  ///
  /// - Returns: its number.
  mutating func begin(_ pieces: [[UInt8]]) -> UInt64 {
    rest = pieces.filter { !$0.isEmpty }.map { $0[...] }
    begun += 1
    return begun
  }

  mutating func wrote(_ count: Int) {
    rest[0] = rest[0].dropFirst(count)
    if rest[0].isEmpty { rest.removeFirst() }
  }

  /// Takes back a message of which nothing was written.
  mutating func abandon() { rest = [] }

  /// Whether a message that was begun is out.
  func isOut(_ number: UInt64) -> Bool { number < begun || rest.isEmpty }
}
