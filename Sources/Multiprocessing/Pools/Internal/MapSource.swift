/// What is done with each input of a map or stream.
struct MapSource<Input: Codable & Sendable, Output: Sendable>: Sendable {
  let reference: TaskReference
  let coder: TransferCoder<Output>
  let run: @Sendable (Input) async throws -> Output
  /// An input in words.
  var describe: @Sendable (Input) -> String = { "(\($0))" }

  /// The task of one input.
  func source(_ input: Input) -> TaskSource<Output> {
    TaskSource(
      reference: reference, coder: coder, encode: { try TransferCoder<Input>.encode(input, $0, spills: true) },
      run: { [run] in try await run(input) }, describe: { [describe] in describe(input) })
  }

  /// The job of several inputs, for a back end to which they cross.
  func job(
    _ inputs: [Input], _ format: TransferFormat, for capabilities: WorkerCapabilities, logMetadata: [String: String],
    manner: TaskEnvelope.Manner = .chunk, isRest: Bool
  ) throws -> PoolJob {
    try capabilities.check(reference)
    let payload = try Chunk<Input, Output>(coder: coder).encode(inputs, format)
    var envelope = TaskEnvelope(reference: reference, format: format, payload: payload, manner: manner)
    envelope.logMetadata = logMetadata
    let describe: @Sendable () -> String = { [describe] in
      inputs.count == 1 ? describe(inputs[0]) : "\(inputs.count) inputs from \(describe(inputs[0]))"
    }
    return PoolJob(
      reference: reference, envelope: envelope, describe: describe, count: inputs.count, isRest: isRest,
      local: { throw MultiprocessingError(.unsupported, "chunks are for other processes") })
  }
}

extension MapSource where Output: Codable {
  init(_ body: @escaping @Sendable @concurrent (Input) async throws -> Output) throws {
    self.init(
      reference: try ClosureReference.of(UnaryBox<Input, Output>(body: body)), coder: TransferCoder(), run: body)
  }
}

extension MapSource where Output == Void {
  init(_ body: @escaping @Sendable @concurrent (Input) async throws -> Void) throws {
    self.init(reference: try ClosureReference.of(UnaryVoidBox<Input>(body: body)), coder: TransferCoder(), run: body)
  }
}

extension MapSource where Output: Codable {
  init(plain body: @escaping @Sendable (Input) throws -> Output) throws {
    self.init(
      reference: try ClosureReference.of(PlainBox<Input, Output>(body: body)), coder: TransferCoder(), run: body)
  }
}

extension MapSource where Output == Void {
  init(plain body: @escaping @Sendable (Input) throws -> Void) throws {
    self.init(reference: try ClosureReference.of(PlainVoidBox<Input>(body: body)), coder: TransferCoder(), run: body)
  }
}

extension MapSource where Input: ProcessTask, Input.Output == Output {
  init() throws {
    self.init(
      reference: try TaskReference.of(Input.self), coder: Input.outputCoder, run: { try await $0.run() },
      describe: { String(describing: $0) })
  }
}
