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
  public func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Input) async throws -> R
  ) async throws -> [R] {
    try await core.map(inputs, options, MapSource(body))
  }

  /// Runs a closure literal on each input for its effects. See the form that returns results.
  public func map<Input: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Input) async throws -> Void
  ) async throws {
    _ = try await core.map(inputs, options, MapSource(body))
  }

  /// Runs tasks in workers and returns their values in order. See `map`.
  public func run<T: ProcessTask>(
    all tasks: some Collection<T>, options: MapOptions = MapOptions()
  ) async throws -> [T.Output] {
    try await core.map(tasks, options, MapSource())
  }
}

/// What is done with each input of a map or stream.
struct MapSource<Input: Sendable, Output: Sendable>: Sendable {
  let coder: TransferCoder<Output>
  let source: @Sendable (Input) -> TaskSource<Output>
}

extension MapSource where Input: Codable, Output: Codable {
  init(_ body: @escaping @Sendable @concurrent (Input) async throws -> Output) throws {
    let reference = try ClosureReference.of(UnaryBox<Input, Output>(body: body))
    let coder = TransferCoder<Output>()
    self.init(coder: coder) { input in
      TaskSource(
        reference: reference, coder: coder, encode: { try TransferCoder<Input>().encode(input, $0) },
        run: { try await body(input) }, describe: { "(\(input))" })
    }
  }
}

extension MapSource where Input: Codable, Output == Void {
  init(_ body: @escaping @Sendable @concurrent (Input) async throws -> Void) throws {
    let reference = try ClosureReference.of(UnaryVoidBox<Input>(body: body))
    let coder = TransferCoder<Void>()
    self.init(coder: coder) { input in
      TaskSource(
        reference: reference, coder: coder, encode: { try TransferCoder<Input>().encode(input, $0) },
        run: { try await body(input) }, describe: { "(\(input))" })
    }
  }
}

extension MapSource where Input: ProcessTask, Input.Output == Output {
  init() throws {
    let reference = try TaskReference.of(Input.self)
    self.init(coder: Input.outputCoder) { task in
      TaskSource(
        reference: reference, coder: Input.outputCoder, encode: { try TransferCoder<Input>().encode(task, $0) },
        run: { try await task.run() }, describe: { String(describing: task) })
    }
  }
}

extension PoolCore {
  func map<Input, Output>(
    _ inputs: some Collection<Input>, _ options: MapOptions, _ source: MapSource<Input, Output>
  ) async throws -> [Output] {
    let traits = try options.traits(driver)
    guard driver.isOpen else { throw driver.closingReason }
    let progress = options.progress.map { ProgressReporter(style: $0, total: inputs.count) }
    defer { progress?.finish() }
    if isInline, options.totalTimeout == nil { return try await mapInline(inputs, source, progress) }
    let window = traits.pace == nil ? 2 * traits.window : Pace.largestWindow
    let run = MapRun(driver: driver, window: window, progress: progress)
    let observer = progress.map { progress in driver.observeRestarts { progress.restarted() } }
    defer { observer.map(driver.stopObservingRestarts) }
    let timer = try options.totalTimeout.map { try schedule($0, run) }
    defer { timer.map(Reactor.shared.cancel) }
    return try await withTaskCancellationHandler {
      do {
        return try await collect(inputs, traits, source, run)
      } catch {
        run.cancelRest()
        throw error.decoded
      }
    } onCancel: {
      run.fail(CancellationError())
    }
  }

  private func collect<Input, Output>(
    _ inputs: some Collection<Input>, _ traits: PoolMachine.Traits, _ source: MapSource<Input, Output>, _ run: MapRun
  ) async throws -> [Output] {
    var count = 0
    let logMetadata = driver.callersLogMetadata
    for input in inputs {
      try await run.submit(try source.source(input).job(for: capabilities, logMetadata: logMetadata), at: count, traits)
      count += 1
    }
    let results = try await run.results()
    let reader = ResultReader(coder: source.coder, format: capabilities.format)
    return try (0..<count).map { index in
      guard let result = results[index] else { throw CancellationError() }
      return try reader.read(result)
    }
  }

  private func mapInline<Input, Output>(
    _ inputs: some Collection<Input>, _ source: MapSource<Input, Output>, _ progress: ProgressReporter?
  ) async throws -> [Output] {
    var results: [Output] = []
    for input in inputs {
      try Task.checkCancellation()
      results.append(try await source.source(input).run())
      progress?.completed()
    }
    return results
  }

  private func schedule(_ timeout: Duration, _ run: MapRun) throws -> Reactor.Token {
    try Reactor.shared.schedule(at: ContinuousClock.now + timeout) {
      run.fail(MultiprocessingError(.timedOut, "the map did not end in its time (totalTimeout): the rest is cancelled"))
    }
  }
}
