/// Makes a pool that lives for the body: joined when it returns, terminated when it throws or is cancelled.
///
/// - Parameters:
///   - workers: how many, at least 1.
///   - configuration: how workers are started, recycled and stopped.
///   - body: what uses the pool.
/// - Throws: what `ProcessPool.init` and the body throw.
public func withProcessPool<R>(
  workers: Int = CurrentProcess.availableParallelism, configuration: ProcessPool.Configuration = .init(),
  _ body: (ProcessPool) async throws -> R
) async throws -> R {
  try await with(ProcessPool(workers: workers, configuration: configuration), body)
}

/// Makes a pool whose workers run `initializer` first, and that lives for the body.
/// See `withProcessPool(workers:configuration:_:)`.
public func withProcessPool<I: ProcessTask, R>(
  workers: Int = CurrentProcess.availableParallelism, configuration: ProcessPool.Configuration = .init(),
  initializer: I, _ body: (ProcessPool) async throws -> R
) async throws -> R where I.Output == Void {
  try await with(ProcessPool(workers: workers, configuration: configuration, initializer: initializer), body)
}

private func with<R>(_ pool: ProcessPool, _ body: (ProcessPool) async throws -> R) async throws -> R {
  do {
    let result = try await body(pool)
    pool.close()
    try await pool.join()
    return result
  } catch {
    await pool.terminate()
    throw error
  }
}
