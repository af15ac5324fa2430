internal import Synchronization

/// What workers returned at their end. Made by `onWorkerExit`.
public struct WorkerExits<Output: Sendable>: Sendable {
  fileprivate final class Collected: Sendable {
    let results = Mutex<[JobResult]>([])
  }

  fileprivate let collected: Collected
  fileprivate let reader: ResultReader<Output>

  /// Of the workers that have ended so far, in the order of their ends; complete after `join()`. A worker that was killed
  /// or crashed has none.
  public var results: [Result<Output, any Error>] {
    collected.results.withLock { $0 }.map { reader.outcome(.success($0)) }
  }
}

extension WorkerPool {
  /// Runs a closure literal in each worker that ends from now on, after its last task, and keeps what it returns: counts
  /// and state that a worker gathered in globals of yours.
  ///
  /// ```swift
  /// let totals = try pool.onWorkerExit { Tally.count }
  /// try await pool.map(files) { Tally.add($0) }
  /// pool.close()
  /// try await pool.join()
  /// let sum = try totals.results.reduce(0) { $0 + (try $1.get()) }
  /// ```
  ///
  /// It has the pool's grace period, together with the worker's exit handlers. `terminate` and kills end workers without
  /// it.
  ///
  /// - Throws: `notTransferable` for a closure that captures, `closed`.
  public func onWorkerExit<each A: Codable & Sendable, R: Codable & Sendable>(
    _ argument: repeat each A, body: @escaping @Sendable @concurrent (repeat each A) async throws -> R
  ) throws -> WorkerExits<R> {
    let source = try closureSource(repeat each argument, body: body)
    let exits = WorkerExits(
      collected: WorkerExits<R>.Collected(),
      reader: ResultReader(coder: source.coder, format: core.capabilities.format))
    try core.driver.addExitJob(source.job(for: core.capabilities)) { [collected = exits.collected] result in
      collected.results.withLock { $0.append(result) }
    }
    return exits
  }
}

extension PoolDriver {
  func addExitJob(_ job: PoolJob, take: @escaping @Sendable (JobResult) -> Void) throws {
    if isInherited { throw Self.inherited }
    try state.withLock { state in
      if state.machine.phase != .open { throw state.reason ?? Self.closed }
      state.exitJobs.append((job, take))
    }
  }
}
