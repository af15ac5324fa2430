extension WorkerPool {
  /// Runs a closure literal once in every worker that is there or on its way, and in every worker that joins later,
  /// before its first task. For state in globals of yours. Returns when it has run in all of the former.
  ///
  /// - Throws: what the closure throws in one of the present workers; CancellationError when it was cancelled in one of
  ///   them, by `cancelPending` for example; otherwise as `run`. When it throws in a later worker, the pool breaks.
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
    let reader = reader(of: source)
    let tasks = try driver.addPreparation(job).map { worker in
      var traits = base
      traits.pinnedTo = worker
      return PoolTask(try SubmittedTask(job, traits, to: driver), reader: reader)
    }
    for task in tasks {
      do {
        try await task.value
      } catch is WorkerGone {
        continue  // the one in its place runs it when it joins
      }
    }
  }
}
