internal import MultiprocessingSystem

/// Several inputs of one task that cross together: their coding at both ends, and how they are run.
///
/// A worker runs them one after another. It stops between two of them when the chunk has taken `Chunk.patience`, and
/// answers with the results it has: the rest is the pool's again, to be given to whoever is free. So a chunk that was
/// made large because its inputs were thought quick holds nothing up when they are not.
///
/// | message | content |
/// |---|---|
/// | inputs | one array |
/// | answer | nanoseconds that running took, then one array of as many results as there were time for, at least one |
struct Chunk<Input: Codable & Sendable, Output: Sendable>: Sendable {
  let coder: TransferCoder<Output>

  func encode(_ inputs: [Input], _ format: TransferFormat) throws -> TransferPayload {
    try TransferCoder<[Input]>.encode(inputs, format)
  }

  /// Runs the inputs of a message.
  ///
  /// - Throws: what the body throws for one of them, and CancellationError; `notTransferable`.
  func run(
    _ payload: TransferPayload, _ format: TransferFormat, _ series: Series? = nil,
    suspending body: @Sendable @concurrent (Input) async throws -> Output
  ) async throws -> ChunkAnswer {
    let inputs = try TransferCoder<[Input]>.decode(payload, format)
    if let series { return try await series.run(inputs, coder, format, body) }
    var outputs: [Output] = []
    outputs.reserveCapacity(inputs.count)
    var clock = ChunkClock()
    let begun = OwnChildPage.part
    for input in inputs {
      begun?.pointee = UInt64(outputs.count + 1)
      outputs.append(try await body(input))
      if try clock.isOver() { break }
    }
    return try answer(outputs, after: clock.nanoseconds, format)
  }

  /// The same for a body that does not suspend.
  func run(
    _ payload: TransferPayload, _ format: TransferFormat, _ series: Series?,
    plain body: @escaping @Sendable (Input) throws -> Output
  ) async throws -> ChunkAnswer {
    if series != nil { return try await run(payload, format, series, suspending: { try body($0) }) }
    return try run(payload, format, plain: body)
  }

  func run(
    _ payload: TransferPayload, _ format: TransferFormat, plain body: @Sendable (Input) throws -> Output
  ) throws -> ChunkAnswer {
    let inputs = try TransferCoder<[Input]>.decode(payload, format)
    var clock = ChunkClock()
    let begun = OwnChildPage.part
    let outputs = try inputs.withUnsafeBufferPointer { inputs in
      // SAFETY: one element for each input at most, and there is room for as many; the count is what was initialized.
      try [Output](unsafeUninitializedCapacity: inputs.count) { outputs, count in
        while count < inputs.count {
          begun?.pointee = UInt64(count + 1)
          (outputs.baseAddress! + count).initialize(to: try body(inputs[count]))
          count += 1
          if try clock.isOver() { break }
        }
      }
    }
    return try answer(outputs, after: clock.nanoseconds, format)
  }

  private func answer(_ outputs: [Output], after nanoseconds: Double, _ format: TransferFormat) throws -> ChunkAnswer {
    var writer = TransferWriter(format)
    try writer.write(nanoseconds)
    try coder.write(all: outputs, to: &writer)
    return ChunkAnswer(payload: try writer.payload(), count: outputs.count)
  }

  /// Reads the answer to a chunk of `count` inputs.
  ///
  /// - Throws: `notTransferable`, also for an answer of no results or of more than were asked for.
  func decode(
    _ payload: TransferPayload, _ format: TransferFormat, count: Int
  ) throws -> (outputs: [Output], nanoseconds: Double) {
    try payload.read(format) { reader in
      let nanoseconds = try reader.read(Double.self)
      let outputs = try coder.readAll(from: &reader, most: count)
      try reader.finish([Output].self)
      guard outputs.count <= count, !outputs.isEmpty || count == 0 else {
        throw MultiprocessingError(
          .notTransferable, "a worker answered \(count) inputs with \(outputs.count) results: the answer is refused")
      }
      return (outputs, nanoseconds)
    }
  }
}

/// What a worker answers to a chunk.
package struct ChunkAnswer: Sendable {
  package var payload: TransferPayload
  /// How many results are in it.
  package var count: Int

  /// How long a chunk may take before the worker gives back what it has not begun, in nanoseconds.
  static let patience: UInt64 = 5_000_000
}

/// How long a chunk has run.
struct ChunkClock {
  // Numbers: the standard library's instants have a layout that is looked up at each use.
  private let start = MonotonicClock.nanoseconds
  private let coarseStart = CoarseTime.now
  private var last = CoarseTime.now

  var nanoseconds: Double { Double(MonotonicClock.nanoseconds - start) }

  /// Whether what is left is to be given back. A look that costs less than the shortest of bodies: the clock moves every
  /// few milliseconds, and only then is there anything to find out.
  ///
  /// - Throws: CancellationError when the task was cancelled.
  @inline(__always) mutating func isOver() throws -> Bool {
    let now = CoarseTime.now
    if now == last { return false }
    last = now
    try Task.checkCancellation()
    return now &- coarseStart >= ChunkAnswer.patience
  }
}
