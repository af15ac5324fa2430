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
    try TransferCoder<[Input]>().encode(inputs, format)
  }

  /// Runs the inputs of a message.
  ///
  /// - Throws: what the body throws for one of them, and CancellationError; `notTransferable`.
  func run(
    _ payload: TransferPayload, _ format: TransferFormat, _ body: @Sendable @concurrent (Input) async throws -> Output
  ) async throws -> ChunkAnswer {
    let inputs = try TransferCoder<[Input]>().decode(payload, format)
    let start = ContinuousClock.now
    let outputs = try await Self.run(inputs, body)
    let nanoseconds = start.duration(to: .now) / .nanoseconds(1)
    var writer = TransferWriter(format)
    try writer.write(nanoseconds)
    try coder.write(all: outputs, to: &writer)
    return ChunkAnswer(payload: writer.payload, count: outputs.count)
  }

  private static func run(
    _ inputs: [Input], _ body: @Sendable @concurrent (Input) async throws -> Output
  ) async throws -> [Output] {
    var outputs: [Output] = []
    outputs.reserveCapacity(inputs.count)
    // A look at the clock that costs less than the shortest of bodies; it moves every few milliseconds.
    let start = CoarseTime.now
    var last = start
    for input in inputs {
      outputs.append(try await body(input))
      let now = CoarseTime.now
      if now == last { continue }
      last = now
      if now - start >= ChunkAnswer.patience { break }
      if outputs.count < inputs.count { try Task.checkCancellation() }
    }
    return outputs
  }

  /// Reads the answer to a chunk of `count` inputs.
  ///
  /// - Throws: `notTransferable`, also for an answer of no results or of more than were asked for.
  func decode(
    _ payload: TransferPayload, _ format: TransferFormat, count: Int
  ) throws -> (outputs: [Output], nanoseconds: Double) {
    // SAFETY: read inside the call only.
    try payload.bytes.withUnsafeBytes { bytes in
      var reader = TransferReader(bytes, payload.descriptors, format)
      let nanoseconds = try reader.read(Double.self)
      let outputs = try coder.readAll(from: &reader)
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
