internal import MultiprocessingSystem
internal import Synchronization

/// One `map`: keeps a window of items with the workers, gathers what they answer, stops at the first failure.
final class MapRun: Sendable {
  private struct State {
    var results: [Int: JobResult] = [:]
    var outstanding: [Int: Submitted] = [:]
    /// Of the encoded arguments of all that is outstanding.
    var bytes = 0
    var failure: (any Error)?
    /// What the submitting task waits for: room, the end, a failure.
    var waiter: Completion<Void>?
  }

  private struct Submitted {
    /// The largest number until it is known.
    var item: PoolMachine.ItemID = .max
    let bytes: Int
  }

  /// Arguments that are encoded ahead hold memory: of large ones, no more than keep the workers busy.
  private static let bytesAhead = 32 << 20

  private let state = Mutex(State())
  private let driver: PoolDriver
  /// What a worker may be given ahead.
  private let window: Int
  private let progress: ProgressReporter?

  init(driver: PoolDriver, window: Int, progress: ProgressReporter?) {
    self.driver = driver
    self.window = window
    self.progress = progress
  }

  /// Waits for room, then submits the item at an index.
  func submit(_ job: PoolJob, at index: Int, _ traits: PoolMachine.Traits) async throws {
    let workers = driver.configuredWorkers
    let limit = max(64, 2 * workers * window)
    try await wait { state in
      state.outstanding.count < limit && (state.bytes < Self.bytesAhead || state.outstanding.count < 2 * workers)
    }
    // Known as outstanding before it can finish.
    state.withLock { state in
      state.outstanding[index] = Submitted(bytes: job.byteCount)
      state.bytes += job.byteCount
    }
    let item = try driver.submit(job, traits) { self.finish(index, $0) }
    state.withLock { $0.outstanding[index]?.item = item }
  }

  /// Waits for the rest, and gives the results by index.
  func results() async throws -> [Int: JobResult] {
    try await wait { $0.outstanding.isEmpty }
    return state.withLock { $0.results }
  }

  /// Ends the run now; a failure that was there before stays.
  func fail(_ error: any Error) {
    let waiter = state.withLock { state in
      state.failure = state.failure ?? error
      return state.waiter
    }
    waiter?.resolve(())
  }

  /// Cancels what is left, the last first: else one that waits would begin in the place of one that was stopped.
  func cancelRest() {
    let items = state.withLock { $0.outstanding.values.map(\.item).sorted(by: >) }
    for item in items where item != .max { driver.handle(.cancel(item)) }
  }

  private func finish(_ index: Int, _ result: Result<JobResult, any Error>) {
    switch result {
    case .success: progress?.completed()
    case .failure: progress?.failed()
    }
    let waiter = state.withLock { state in
      state.bytes -= state.outstanding.removeValue(forKey: index)?.bytes ?? 0
      switch result {
      case .success(let value): state.results[index] = value
      case .failure(let error): state.failure = state.failure ?? error
      }
      return state.waiter
    }
    waiter?.resolve(())
  }

  private func wait(until isDone: @Sendable (borrowing State) -> Bool) async throws {
    while true {
      let waiter = try state.withLock { state -> Completion<Void>? in
        if let failure = state.failure { throw failure }
        if isDone(state) {
          state.waiter = nil
          return nil
        }
        let waiter = Completion<Void>()
        state.waiter = waiter
        return waiter
      }
      guard let waiter else { return }
      try await waiter.wait()
    }
  }
}
