/// The functions of the source that one address belongs to: a function, and what was inlined into it there.
struct CallChain: Equatable {
  /// A call that became part of its caller.
  struct Inlined: Equatable {
    /// The linker's name of the function that was called, or its plain name.
    var name: String?
    /// Where the call stands: a file of the unit's line table, and a line.
    var file: UInt64
    var line: UInt64
  }

  /// The linker's name of the function that was compiled.
  var name: String?
  /// Outermost first.
  var inlined: [Inlined] = []
}
