/// What is known of one address.
struct CodePlace: Equatable {
  /// A line of a source file.
  struct Line: Equatable {
    var file: String
    var number: UInt64
  }

  /// The linker's name of the compiled function.
  var function: String?
  /// The linker's name of the function the line is in, when that was inlined into `function`.
  var inlined: String?
  var line: Line?
  /// The check of the Swift runtime that ends the program here, for example "arithmetic overflow".
  var failure: String?

  init(function: String?) {
    self.function = function
  }

  /// Takes over the innermost line that a person wrote.
  ///
  /// - Parameter fileName: names a file of the line table.
  mutating func add(_ row: LineProgram.Row, chain: CallChain?, fileName: (UInt64) -> String?) {
    function = function ?? chain?.name
    let calls = chain?.inlined ?? []
    failure = calls.last?.name.flatMap(Self.failure)
    // The line within each function of the chain, innermost first: the row's own, then those of the calls.
    let lines = [(row.file, row.line)] + calls.reversed().map { ($0.file, $0.line) }
    for (level, line) in lines.enumerated() {
      guard line.1 != 0, let file = fileName(line.0), !file.hasPrefix("<") else { continue }
      self.line = Line(file: file, number: line.1)
      inlined = level < calls.count ? calls[calls.count - 1 - level].name : nil
      return
    }
  }

  /// The compiler gives each kind of check a function of this name.
  private static func failure(_ name: String) -> String? {
    let prefix = "Swift runtime failure: "
    return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }
}

extension CodePlace {
  /// As text of one line; nil when nothing is known.
  ///
  /// - Parameters:
  ///   - image: the name to give where there is no line.
  ///   - address: what to call a function without a name.
  func described(image: String, address: String) -> String? {
    guard function != nil || line != nil else { return nil }
    let outer = function.map(Demangler.readable)
    var text = inlined.map { "\(Demangler.readable($0)) inlined in \(outer ?? address)" } ?? outer ?? address
    text += line.map { " at \($0.file):\($0.number)" } ?? " in \(image)"
    return failure.map { "\(text): \($0)" } ?? text
  }
}
