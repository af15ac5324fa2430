extension Blocking where Base: WorkerPool {
  /// Runs a task in a worker; blocks the calling thread. See `WorkerPool.run(_:options:)`.
  public func run<T: ProcessTask>(_ task: T, options: TaskOptions = TaskOptions()) throws -> T.Output {
    try base.core.runBlocking(TaskSource(task), options)
  }

  /// Runs a closure literal with its arguments in a worker; blocks the calling thread.
  /// See `WorkerPool.run(_:options:body:)`.
  public func run<each A: Codable & Sendable, R: Codable & Sendable>(
    _ argument: repeat each A, options: TaskOptions = TaskOptions(),
    body: @escaping @Sendable @concurrent (repeat each A) async throws -> R
  ) throws -> R {
    try base.core.runBlocking(closureSource(repeat each argument, body: body), options)
  }

  /// Runs a closure literal on each input; blocks the calling thread. See `WorkerPool.map(_:options:_:)`.
  @inlinable
  public func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable @concurrent (Input) async throws -> R
  ) throws -> [R] {
    try base.core.mapBlocking(Array(inputs), options, suspending: body)
  }

  /// Runs a closure literal that does not await on each input; blocks the calling thread. See
  /// `WorkerPool.map(_:options:_:)`.
  @inlinable
  public func map<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: some Collection<Input>, options: MapOptions = MapOptions(),
    _ body: @escaping @Sendable (Input) throws -> R
  ) throws -> [R] {
    try base.core.mapBlocking(Array(inputs), options, plain: body)
  }

  /// Blocks the calling thread until all is done and the workers have ended. See `WorkerPool.join()`.
  public func join() throws {
    try base.core.checkClosed()
    base.core.driver.ended.waitBlocking()
  }

  /// Cancels everything, ends the workers at once and waits for them. The pool is closed then.
  public func terminate() {
    base.core.driver.terminate()
    if base.core.driver.isInherited { return }
    base.core.driver.ended.waitBlocking()
  }
}

extension PoolCore {
  @usableFromInline
  func mapBlocking<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions, suspending body: @escaping @Sendable @concurrent (Input) async throws -> R
  ) throws -> [R] {
    try mapAnywhere(inputs, options, MapSource(body))
  }

  @usableFromInline
  func mapBlocking<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions, plain body: @escaping @Sendable (Input) throws -> R
  ) throws -> [R] {
    try mapAnywhere(inputs, options, MapSource(plain: body))
  }

  private func mapAnywhere<Input: Codable & Sendable, R: Codable & Sendable>(
    _ inputs: [Input], _ options: MapOptions, _ source: MapSource<Input, R>
  ) throws -> [R] {
    if !isInline { return try mapBlocking(inputs, options, source) }
    let completion = Completion<Result<[R], any Error>>()
    let metadata = driver.callersLogMetadata
    Task.detached(priority: Task.currentPriority) {
      do {
        completion.resolve(.success(try await self.map(inputs, options, source, logMetadata: metadata)))
      } catch {
        completion.resolve(.failure(error))
      }
    }
    guard let result = completion.waitBlocking() else { throw CancellationError() }
    return try result.get()
  }
}
