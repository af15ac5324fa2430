// SAFETY: `code` is only passed on to `ClosureReference.rebuild`, for the box whose type came with it. It is the
// address, in a loaded image with the sender's identity, at which the sender found the code of a closure in such a box.

/// The one shape in which closures of a kind are stored, so that caller and callee agree on how arguments are passed.
///
/// A box repeats its parameter's own abstraction pattern: a closure of one input stored in a pack box would become a
/// thunk with a context, which looks like a capture; so would a closure returning Void in a box of a generic result.
protocol ClosureBox: SendableMetatype {
  /// The code word of an async closure is the place of a record, that of another the code itself.
  static var isAsync: Bool { get }

  /// Decodes the arguments, calls the code and encodes the result.
  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload

  /// The same for several inputs, one after another.
  static func runChunk(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?
  ) async throws -> ChunkAnswer
}

extension ClosureBox {
  static var isAsync: Bool { true }

  static func runChunk(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?
  ) async throws -> ChunkAnswer {
    throw MultiprocessingError(.notTransferable, "a chunk of inputs was sent to a closure that is not mapped")
  }
}

struct UnaryBox<Input: Codable & Sendable, Output: Codable & Sendable>: ClosureBox {
  let body: @Sendable @concurrent (Input) async throws -> Output

  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload {
    let input = try TransferCoder<Input>.decode(payload, format)
    let box: UnaryBox = ClosureReference.rebuild(code)
    return try TransferCoder<Output>.encode(try await box.body(input), format, spills: true)
  }

  static func runChunk(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?
  ) async throws -> ChunkAnswer {
    let box: UnaryBox = ClosureReference.rebuild(code)
    return try await Chunk<Input, Output>(coder: TransferCoder()).run(payload, format, series, suspending: box.body)
  }
}

struct UnaryVoidBox<Input: Codable & Sendable>: ClosureBox {
  let body: @Sendable @concurrent (Input) async throws -> Void

  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload {
    let input = try TransferCoder<Input>.decode(payload, format)
    let box: UnaryVoidBox = ClosureReference.rebuild(code)
    try await box.body(input)
    return try TransferCoder<Void>().encode((), format)
  }

  static func runChunk(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?
  ) async throws -> ChunkAnswer {
    let box: UnaryVoidBox = ClosureReference.rebuild(code)
    return try await Chunk<Input, Void>(coder: TransferCoder()).run(payload, format, series, suspending: box.body)
  }
}

/// A closure that does not suspend: called without the cost of an async call, which is more than many a body's own.
struct PlainBox<Input: Codable & Sendable, Output: Codable & Sendable>: ClosureBox {
  let body: @Sendable (Input) throws -> Output

  static var isAsync: Bool { false }

  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload {
    let input = try TransferCoder<Input>.decode(payload, format)
    let box: PlainBox = ClosureReference.rebuild(code)
    return try TransferCoder<Output>.encode(try box.body(input), format, spills: true)
  }

  static func runChunk(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?
  ) async throws -> ChunkAnswer {
    let box: PlainBox = ClosureReference.rebuild(code)
    return try await Chunk<Input, Output>(coder: TransferCoder()).run(payload, format, series, plain: box.body)
  }
}

struct PlainVoidBox<Input: Codable & Sendable>: ClosureBox {
  let body: @Sendable (Input) throws -> Void

  static var isAsync: Bool { false }

  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload {
    let input = try TransferCoder<Input>.decode(payload, format)
    let box: PlainVoidBox = ClosureReference.rebuild(code)
    try box.body(input)
    return try TransferCoder<Void>().encode((), format)
  }

  static func runChunk(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?
  ) async throws -> ChunkAnswer {
    let box: PlainVoidBox = ClosureReference.rebuild(code)
    return try await Chunk<Input, Void>(coder: TransferCoder()).run(payload, format, series, plain: box.body)
  }
}

struct PackBox<Output: Codable & Sendable, each Argument: Codable & Sendable>: ClosureBox {
  let body: @Sendable @concurrent (repeat each Argument) async throws -> Output

  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload {
    let arguments = try decodeArguments((repeat (each Argument).self), from: payload, format: format)
    let box: PackBox = ClosureReference.rebuild(code)
    return try TransferCoder<Output>.encode(try await box.body(repeat each arguments), format, spills: true)
  }
}

struct PackVoidBox<each Argument: Codable & Sendable>: ClosureBox {
  let body: @Sendable @concurrent (repeat each Argument) async throws -> Void

  static func run(
    _ code: UnsafeRawPointer, _ payload: TransferPayload, _ format: TransferFormat
  ) async throws -> TransferPayload {
    let arguments = try decodeArguments((repeat (each Argument).self), from: payload, format: format)
    let box: PackVoidBox = ClosureReference.rebuild(code)
    try await box.body(repeat each arguments)
    return try TransferCoder<Void>().encode((), format)
  }
}
