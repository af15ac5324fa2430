internal import MultiprocessingSystem

extension WorkerPool {
  /// Runs a closure literal on each input, in workers, and returns the results in the order of the inputs.
  ///
  /// - Parameters:
  ///   - inputs: the inputs; they are encoded as workers take them.
  ///   - options: for each task, and for the whole.
  ///   - body: a closure literal that captures nothing: `{ isPrime($0) }`, not `isPrime`.
  /// - Throws: the first failure, whatever its input; the rest is then cancelled. Otherwise as `run`; and `timedOut`
  ///   when `totalTimeout` passes.
  @inlinable
  public func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Input) async throws -> R
  ) async throws -> [R] {
    try await core.map(Array(inputs), options, suspending: body)
  }

  /// Runs a closure literal on each input for its effects. See the form that returns results.
  @inlinable
  public func map<Input: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Input) async throws -> Void
  ) async throws {
    try await core.map(Array(inputs), options, suspending: body)
  }

  /// Runs a closure literal that does not await on each input: what `map` is for other literals, with less to do for each.
  @inlinable
  public func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable (Input) throws -> R
  ) async throws -> [R] {
    try await core.map(Array(inputs), options, plain: body)
  }

  /// Runs a closure literal that does not await on each input for its effects. See the form that returns results.
  @inlinable
  public func map<Input: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable (Input) throws -> Void
  ) async throws {
    try await core.map(Array(inputs), options, plain: body)
  }

  /// Runs tasks in workers and returns their values in order. See `map`.
  public func run<T: ProcessTask>(
    all tasks: some Collection<T>, options: MapOptions = MapOptions()
  ) async throws -> [T.Output] {
    try await core.map(Array(tasks), options, MapSource())
  }
}

/// The maps behind the generic ones, for arrays: a collection is best copied where its type is known.
extension PoolCore {
  @usableFromInline
  func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions, suspending body: @escaping @Sendable @concurrent (Input) async throws -> R
  ) async throws -> [R] {
    try await map(inputs, options, MapSource(body))
  }

  @usableFromInline
  func map<Input: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions,
    suspending body: @escaping @Sendable @concurrent (Input) async throws -> Void
  ) async throws {
    _ = try await map(inputs, options, MapSource(body))
  }

  @usableFromInline
  func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions, plain body: @escaping @Sendable (Input) throws -> R
  ) async throws -> [R] {
    try await map(inputs, options, MapSource(plain: body))
  }

  @usableFromInline
  func map<Input: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions, plain body: @escaping @Sendable (Input) throws -> Void
  ) async throws {
    _ = try await map(inputs, options, MapSource(plain: body))
  }
}

extension PoolCore {
  func map<Input, Output>(
    _ inputs: [Input], _ options: MapOptions, _ source: MapSource<Input, Output>, logMetadata: [String: String]? = nil
  ) async throws -> [Output] {
    if isInline, options.totalTimeout == nil { return try await mapInline(inputs, options, source) }
    var call = try MapCall(inputs.count, options, source, self, logMetadata: logMetadata ?? driver.callersLogMetadata)
    defer { call.end() }
    let run = call.run
    return try await withTaskCancellationHandler {
      try await call.outputs(inputs)
    } onCancel: {
      run.fail(CancellationError())
    }
  }

  /// The same on the calling thread, which blocks and takes the workers' answers by itself. Not where tasks run in it.
  func mapBlocking<Input, Output>(
    _ inputs: [Input], _ options: MapOptions, _ source: MapSource<Input, Output>
  ) throws -> [Output] {
    var call = try MapCall(inputs.count, options, source, self, logMetadata: driver.callersLogMetadata)
    defer { call.end() }
    return try call.outputsBlocking(inputs)
  }

  /// Inputs go one by one where each is a task to the rules: with a time or retries of its own, a worker of its own, or
  /// workers that are counted by tasks; and where nothing crosses.
  func sizer(
    _ options: MapOptions, _ traits: PoolMachine.Traits, _ experience: ChunkSizer.Experience? = nil
  ) -> ChunkSizer {
    let isSingle =
      capabilities.format == nil || traits.timeout != nil || traits.retries > 0 || traits.affinityKey != nil
      || driver.countsTasks
    return isSingle ? .single : ChunkSizer(size: options.chunkSize, experience)
  }

  private func mapInline<Input, Output>(
    _ inputs: [Input], _ options: MapOptions, _ source: MapSource<Input, Output>
  ) async throws -> [Output] {
    _ = try options.traits(driver)
    try driver.beginWork()
    defer { driver.endWork() }
    let progress = options.progress.map { ProgressReporter(style: $0, total: inputs.count, output: .ofPools) }
    defer { progress?.finish() }
    var results: [Output] = []
    for input in inputs {
      try Task.checkCancellation()
      results.append(try await source.run(input))
      progress?.completed()
    }
    return results
  }
}

extension ProgressOutput {
  /// For the threads that hear workers: a pipe that nobody reads, or a terminal that was stopped, does not stop them.
  static let ofPools = standardError { StandardErrorWriter.current.write($0) }
}
