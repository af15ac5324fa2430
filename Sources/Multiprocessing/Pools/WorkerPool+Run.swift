extension WorkerPool {
  /// Runs a task in a worker and returns its value.
  ///
  /// - Parameters:
  ///   - task: the task.
  ///   - options: timeout, retries, priority, affinity.
  /// - Throws: the error that the task threw; `childCrashed`, `childExited` or `limitExceeded` when its worker was lost;
  ///   `timedOut`; `notTransferable` before anything runs; `closed`; `crashLoop`; CancellationError when the calling
  ///   Swift task is cancelled, and then the work is stopped.
  public func run<T: ProcessTask>(_ task: T, options: TaskOptions = TaskOptions()) async throws -> T.Output {
    try await core.run(TaskSource(task), options)
  }

  /// Runs a closure literal that captures nothing, with its arguments, in a worker and returns its value.
  /// See `run(_:options:)` of a task.
  public func run<each A: Codable & Sendable, R: Codable & Sendable>(
    _ argument: repeat each A, options: TaskOptions = TaskOptions(),
    body: @escaping @Sendable @concurrent (repeat each A) async throws -> R
  ) async throws -> R {
    try await core.run(closureSource(repeat each argument, body: body), options)
  }

  /// Runs a closure literal for its effects. See `run(_:options:)` of a task.
  public func run<each A: Codable & Sendable>(
    _ argument: repeat each A, options: TaskOptions = TaskOptions(),
    body: @escaping @Sendable @concurrent (repeat each A) async throws -> Void
  ) async throws {
    try await core.run(voidClosureSource(repeat each argument, body: body), options)
  }

  /// Submits a task and returns at once.
  ///
  /// - Throws: `notTransferable` for a task that cannot cross, `closed`, `crashLoop`, or what the initializer threw.
  public func submit<T: ProcessTask>(_ task: T, options: TaskOptions = TaskOptions()) throws -> PoolTask<T.Output> {
    try core.submit(TaskSource(task), options)
  }

  /// Submits a closure literal that captures nothing, with its arguments. See `submit(_:options:)` of a task.
  public func submit<each A: Codable & Sendable, R: Codable & Sendable>(
    _ argument: repeat each A, options: TaskOptions = TaskOptions(),
    body: @escaping @Sendable @concurrent (repeat each A) async throws -> R
  ) throws -> PoolTask<R> {
    try core.submit(closureSource(repeat each argument, body: body), options)
  }

  /// Submits a closure literal for its effects. See `submit(_:options:)` of a task.
  public func submit<each A: Codable & Sendable>(
    _ argument: repeat each A, options: TaskOptions = TaskOptions(),
    body: @escaping @Sendable @concurrent (repeat each A) async throws -> Void
  ) throws -> PoolTask<Void> {
    try core.submit(voidClosureSource(repeat each argument, body: body), options)
  }
}

/// The source of a closure with its arguments.
func closureSource<each A: Codable & Sendable, R: Codable & Sendable>(
  _ argument: repeat each A, body: @escaping @Sendable @concurrent (repeat each A) async throws -> R
) throws -> TaskSource<R> {
  let arguments = (repeat each argument)
  return TaskSource(
    reference: try ClosureReference.of(PackBox<R, repeat each A>(body: body)), coder: TransferCoder<R>(),
    encode: { try encodeArguments(repeat each arguments, format: $0) },
    run: { try await body(repeat each arguments) }, describe: { describeArguments(repeat each arguments) })
}

/// The source of a closure that returns nothing.
func voidClosureSource<each A: Codable & Sendable>(
  _ argument: repeat each A, body: @escaping @Sendable @concurrent (repeat each A) async throws -> Void
) throws -> TaskSource<Void> {
  let arguments = (repeat each argument)
  return TaskSource(
    reference: try ClosureReference.of(PackVoidBox<repeat each A>(body: body)), coder: TransferCoder<Void>(),
    encode: { try encodeArguments(repeat each arguments, format: $0) },
    run: { try await body(repeat each arguments) }, describe: { describeArguments(repeat each arguments) })
}

private func describeArguments<each A>(_ argument: repeat each A) -> String {
  var texts: [String] = []
  for argument in repeat each argument { texts.append("\(argument)") }
  return "(" + texts.joined(separator: ", ") + ")"
}
