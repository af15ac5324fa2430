internal import Glibc

/// What can be shown on a descriptor.
package struct TerminalTraits: Sendable, Equatable {
  /// A person may be looking, and a line can be drawn again. False for `TERM=dumb`.
  package var isTerminal: Bool
  /// A terminal, and the user did not set `NO_COLOR` (https://no-color.org).
  package var usesColor: Bool
  /// The locale's encoding is UTF-8.
  package var usesUnicode: Bool
  /// Columns; 80 where nobody knows.
  package var width: Int

  package init(isTerminal: Bool, usesColor: Bool, usesUnicode: Bool, width: Int) {
    self.isTerminal = isTerminal
    self.usesColor = usesColor
    self.usesUnicode = usesUnicode
    self.width = width
  }
}

extension TerminalTraits {
  package init(of descriptor: Int32) {
    self.init(
      isTerminal: isatty(descriptor) == 1, width: Self.width(of: descriptor),
      environment: { name in
        // SAFETY: copied at once. `setenv` on another thread would race, as with every reader of the environment.
        getenv(name).map { String(cString: $0) }
      })
  }

  /// The decision apart from where its facts come from.
  package init(isTerminal: Bool, width: Int?, environment: (String) -> String?) {
    let canRedraw = isTerminal && environment("TERM") != "dumb"
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
    let encoding = locale.lowercased()
    self.init(
      isTerminal: canRedraw,
      usesColor: canRedraw && (environment("NO_COLOR") ?? "").isEmpty,
      usesUnicode: encoding.hasSuffix("utf-8") || encoding.hasSuffix("utf8"),
      width: width ?? 80)
  }

  /// The terminal's columns now; nil for what is no terminal, or one that does not know.
  package static func width(of descriptor: Int32) -> Int? {
    var size = winsize()
    // SAFETY: TIOCGWINSZ fills the structure, which outlives the call.
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
