internal import MultiprocessingSystem

/// Naming closures by the place of their code.
///
/// A function value is two words, code and context. The context of a literal that captures nothing is nil, so its code
/// alone says what it does; the code lies in an image, and its offset there is the same in every process of the same
/// build. This layout is de facto ABI and not documented: `isTrustworthy` checks it on a known literal at first use,
/// and both ends compare build identities before anything is called.
enum ClosureReference {
  /// The reference of the closure in a box.
  ///
  /// - Throws: `notTransferable` for a closure that captures, `unsupported` where function values look different.
  static func of<Box: ClosureBox>(_ box: Box) throws -> TaskReference {
    guard isTrustworthy else {
      throw MultiprocessingError(
        .unsupported, "closures cannot be named on this platform: use a type that conforms to ProcessTask")
    }
    let (code, context) = words(of: box)
    if context != nil { throw MultiprocessingError(.notTransferable, captureRemedy) }
    return try KnownTasks.current.reference(of: code, Box.self) { try reference(of: code, Box.self) }
  }

  // SAFETY: the address is looked up, not read.
  private static func reference<Box: ClosureBox>(
    of code: UnsafeRawPointer, _ type: Box.Type
  ) throws -> TaskReference {
    guard let image = Image.holding(code), let name = RuntimeNames.mangledName(of: Box.self) else {
      throw MultiprocessingError(.notTransferable, captureRemedy)
    }
    if RuntimeNames.isAnonymous(name) {
      throw MultiprocessingError(
        .notTransferable,
        "an argument or result of the closure has a private or local type: make the type internal, at file scope")
    }
    return TaskReference(.closure(image: image.key, offset: image.offset(of: code), box: name))
  }

  private static let captureRemedy = """
    the closure captures values, and memory does not cross to another process: pass a closure literal that captures \
    nothing, with its values as arguments (`start(a, b) { a, b in … }`); for a function write `{ f($0) }` and not `f`; \
    or use a type that conforms to ProcessTask
    """

  /// What a child calls for a closure's reference.
  static func entry(image key: String, offset: UInt, box name: String) throws -> TaskEntry {
    guard let code = Image.with(key: key)?.address(at: offset),
      let box = RuntimeNames.type(named: name) as? any ClosureBox.Type
    else {
      throw MultiprocessingError(
        .startFailed, "this executable does not contain the closure: parent and child must run the same build")
    }
    // SAFETY: the address is in a loaded image of the same build, where the parent found this closure's code.
    nonisolated(unsafe) let address = code
    return TaskEntry(
      run: { payload, format in try await box.run(address, payload, format) },
      runChunk: { payload, format, series in try await box.runChunk(address, payload, format, series) })
  }

  // SAFETY: the boxes call this with the address that `entry` looked up together with their own type.
  /// The box of a closure whose code is known.
  static func rebuild<Box: ClosureBox>(_ code: UnsafeRawPointer) -> Box {
    precondition(MemoryLayout<Box>.size == 2 * MemoryLayout<UInt>.size)
    // SAFETY: a box holds one function value: these two words, as `words(of:)` read them in the parent.
    return withUnsafeBytes(of: (UInt(bitPattern: code), UInt(0))) { $0.load(as: Box.self) }
  }

  private static func words<Box>(of box: Box) -> (code: UnsafeRawPointer, context: UnsafeRawPointer?) {
    // SAFETY: a function value is two words, checked by size; they are read only.
    withUnsafeBytes(of: box) { bytes in
      let code = bytes.loadUnaligned(as: UnsafeRawPointer.self)
      return (code, bytes.loadUnaligned(fromByteOffset: MemoryLayout<UInt>.size, as: UnsafeRawPointer?.self))
    }
  }

  /// A known literal has the expected layout: two words, code in an image, no context.
  private static let isTrustworthy: Bool = {
    guard MemoryLayout<UnaryBox<Int, Int>>.size == 2 * MemoryLayout<UInt>.size else { return false }
    let (code, context) = words(of: UnaryBox<Int, Int> { $0 &+ 1 })
    return context == nil && Image.holding(code) != nil
  }()
}
