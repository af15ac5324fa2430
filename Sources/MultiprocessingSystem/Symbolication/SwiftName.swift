/// Shortens what the Swift demangler prints: the name and the argument labels stay, types and attributes go.
///
/// `closure #1 (Swift.Int) -> Swift.Bool in app.S.(f in _1A2B)<A>(x: A) -> ()` becomes `closure #1 in app.S.f(x:)`.
/// A full parser of that text is not worth its size: what is not understood is copied, never lost.
struct SwiftName {
  private let text: [UInt8]
  private var position = 0
  private var output: [UInt8] = []

  static func shortened(_ full: String) -> String {
    // Its operands are types and nothing else.
    if let thunk = full.firstRange(of: "reabstraction thunk") { return String(full[thunk]) }
    var name = SwiftName(text: Array(withoutPrefixes(full[...]).utf8))
    name.run()
    let result = String(decoding: name.output, as: UTF8.self)
    return result.isEmpty ? full : result
  }

  private init(text: [UInt8]) { self.text = text }

  /// Notes of the compiler that say nothing about the source.
  private static let prefixes = [
    "merged ", "suspend resume partial function for ", "await resume partial function for ",
    "partial apply forwarder for ", "generic specialization ", "generic not re-abstracted specialization ",
    "function signature specialization ",
  ]

  private static func withoutPrefixes(_ full: Substring) -> Substring {
    var rest = full
    while true {
      var next = rest
      if next.first == "(", let close = next.firstIndex(of: ")"), next[next.index(after: close)...].hasPrefix(" ") {
        let number = next[next.index(after: next.startIndex)..<close]
        if number.allSatisfy(\.isNumber) { next = next[next.index(close, offsetBy: 2)...] }
      }
      guard let prefix = prefixes.first(where: next.hasPrefix) else { return rest }
      next = next.dropFirst(prefix.count)
      // What a specialization is for may itself hold brackets that do not match.
      if next.first == "<", let end = next.ranges(of: "> of ").last { next = next[end.upperBound...] }
      rest = next
    }
  }
}

extension SwiftName {
  private mutating func run() {
    while position < text.count {
      if skipIfNext("Swift.") || skipIfNext("(extension in ", through: "):") { continue }
      switch text[position] {
      case UInt8(ascii: "("): parenthesis()
      case UInt8(ascii: "<") where output.last.map(Self.isIdentifier) ?? false: skipGroup()
      case UInt8(ascii: " ") where isNext(" : ") || isNext(" -> "): skipType()
      case UInt8(ascii: "@") where output.last == UInt8(ascii: " "): skipAttribute()
      case UInt8(ascii: " ") where isNext(" with unmangled suffix") || isNext(" in conformance"):
        position = text.count
      default:
        output.append(text[position])
        position += 1
      }
    }
  }

  /// A private name with its file's tag, the arguments of a function or a closure, or something else.
  private mutating func parenthesis() {
    guard let end = Self.end(ofGroupAt: position, in: text) else { return copyRest() }
    let inside = Array(text[position + 1..<end - 1])
    let before = output.last
    position = end
    if before == UInt8(ascii: ".") || before == nil, let name = Self.privateName(inside) {
      output += name
    } else if before == UInt8(ascii: " ") {
      output.removeLast()
      skipType()
    } else {
      output += Self.labels(inside)
      skipType()
    }
  }

  /// Drops a result type and effects: up to the enclosing declaration or the end.
  private mutating func skipType() {
    while position < text.count, !isNext(" in ") {
      if Self.isOpening(text[position]), let end = Self.end(ofGroupAt: position, in: text) {
        position = end
      } else {
        position += 1
      }
    }
  }

  /// An attribute of a closure's type, with the space after it.
  private mutating func skipAttribute() {
    while position < text.count, text[position] != UInt8(ascii: " ") { position += 1 }
    position = min(text.count, position + 1)
  }

  private mutating func skipGroup() {
    guard let end = Self.end(ofGroupAt: position, in: text) else { return copyRest() }
    position = end
  }

  private mutating func copyRest() {
    output += text[position...]
    position = text.count
  }

  private func isNext(_ word: StaticString) -> Bool {
    text.count - position >= word.utf8CodeUnitCount && text[position...].starts(with: "\(word)".utf8)
  }

  private mutating func skipIfNext(_ word: StaticString, through end: StaticString? = nil) -> Bool {
    guard isNext(word) else { return false }
    position += word.utf8CodeUnitCount
    guard let end else { return true }
    while position < text.count, !isNext(end) { position += 1 }
    position = min(text.count, position + end.utf8CodeUnitCount)
    return true
  }
}

extension SwiftName {
  private static func isIdentifier(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
      || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
  }

  private static func isOpening(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "<")
  }

  /// The index after the bracket that closes the one at `start`; the `>` of an arrow closes nothing.
  private static func end(ofGroupAt start: Int, in text: [UInt8]) -> Int? {
    var depth = 0
    for index in start..<text.count {
      if isOpening(text[index]) { depth += 1 }
      let closes =
        switch text[index] {
        case UInt8(ascii: ")"), UInt8(ascii: "]"): true
        case UInt8(ascii: ">"): index == 0 || text[index - 1] != UInt8(ascii: "-")
        default: false
        }
      if closes { depth -= 1 }
      if depth == 0 { return index + 1 }
    }
    return nil
  }

  /// `name` of `name in _0123456789ABCDEF`.
  private static func privateName(_ inside: [UInt8]) -> ArraySlice<UInt8>? {
    let marker = Array(" in _".utf8)
    guard let space = inside.firstIndex(of: UInt8(ascii: " ")), inside[space...].starts(with: marker) else {
      return nil
    }
    return inside[..<space]
  }

  /// `(_:label:)` for the types of a parameter list.
  private static func labels(_ inside: [UInt8]) -> [UInt8] {
    var result = [UInt8(ascii: "(")]
    var index = 0
    while index < inside.count {
      let label = inside[index...].prefix(while: isIdentifier)
      let after = label.endIndex
      let isLabel = !label.isEmpty && after < inside.count && inside[after] == UInt8(ascii: ":")
      result += isLabel ? label : [UInt8(ascii: "_")]
      result.append(UInt8(ascii: ":"))
      while index < inside.count, inside[index] != UInt8(ascii: ",") {
        index = isOpening(inside[index]) ? end(ofGroupAt: index, in: inside) ?? inside.count : index + 1
      }
      index += 2
    }
    return result + [UInt8(ascii: ")")]
  }
}
