/// A small document format: numbers and lists of them in parentheses, `(1 2 (3 4))`, where `3*X` is X three times.
///
/// The decoder is as trusting as many are: it recurses as deep as the document says, makes as many copies as the
/// document says, and overflows where the document's numbers do. That is why it runs in a worker.
indirect enum NestedList {
  case number(Int)
  case list([NestedList])

  init(decoding text: String) throws {
    var rest = text.utf8[...]
    self = try Self.item(&rest)
    if !rest.isEmpty { throw Malformed(position: text.utf8.count - rest.count) }
  }

  /// The document is no such list.
  struct Malformed: Error, Codable {
    var position: Int
  }

  var sum: Int {
    switch self {
    case .number(let number): number
    case .list(let items): items.reduce(0) { $0 + $1.sum }
    }
  }

  private static func item(_ rest: inout Substring.UTF8View) throws -> NestedList {
    if rest.first == UInt8(ascii: "(") { return try list(&rest) }
    let digits = rest.prefix { (48...57).contains($0) }
    guard !digits.isEmpty else { throw Malformed(position: -1) }
    rest.removeFirst(digits.count)
    // Traps for a number that does not fit.
    let number = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
    guard rest.first == UInt8(ascii: "*") else { return .number(number) }
    rest.removeFirst()
    return .list(Array(repeating: try item(&rest), count: number))
  }

  private static func list(_ rest: inout Substring.UTF8View) throws -> NestedList {
    rest.removeFirst()
    var items: [NestedList] = []
    while rest.first != UInt8(ascii: ")") {
      items.append(try item(&rest))
      if rest.first == UInt8(ascii: " ") { rest.removeFirst() }
    }
    rest.removeFirst()
    return .list(items)
  }
}
