extension WorkerPool {
  /// Runs a closure literal once in every worker that is there or on its way, and in every worker that joins later,
  /// before its first task. For state in globals of yours. Returns when it has run in all of the former.
  ///
  /// - Throws: what the closure throws in one of the present workers; otherwise as `run`. When it throws in a later
  ///   worker, the pool breaks.
  public func broadcast<each A: Codable & Sendable>(
    _ argument: repeat each A, body: @escaping @Sendable @concurrent (repeat each A) async throws -> Void
  ) async throws {
    try await core.broadcast(voidClosureSource(repeat each argument, body: body))
  }
}

extension PoolCore {
  func broadcast(_ source: TaskSource<Void>) async throws {
    let job = try source.job(for: capabilities)
    let base = try TaskOptions().traits(capabilities)
    guard driver.isOpen else { throw driver.closingReason }
    let reader = ResultReader(coder: source.coder, format: capabilities.format)
    let tasks = try driver.addPreparation(job).map { worker in
      var traits = base
      traits.pinnedTo = worker
      let task = PoolTask(driver: driver, reader: reader)
      task.setItem(try driver.submit(job, traits) { task.resolve($0) })
      return task
    }
    for task in tasks {
      do {
        try await task.value
      } catch is CancellationError where !Task.isCancelled {
        continue  // that worker ended; the one in its place runs it when it joins
      }
    }
  }
}
