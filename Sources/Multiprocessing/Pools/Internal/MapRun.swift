internal import MultiprocessingSystem
internal import Synchronization

/// One `map`: keeps a window of items with the workers, gathers what they answer, stops at the first failure.
final class MapRun: Sendable {
  private struct State {
    var results: [Int: JobResult] = [:]
    var outstanding: [Int: PoolMachine.ItemID] = [:]
    var finished: Set<Int> = []
    var failure: (any Error)?
    /// What the submitting task waits for: room, the end, a failure.
    var waiter: Completion<Void>?
  }

  private let state = Mutex(State())
  private let driver: PoolDriver
  private let window: Int
  private let progress: ProgressReporter?

  init(driver: PoolDriver, window: Int, progress: ProgressReporter?) {
    self.driver = driver
    self.window = window
    self.progress = progress
  }

  /// Waits for room, then submits the item at an index.
  func submit(_ job: PoolJob, at index: Int, _ traits: PoolMachine.Traits) async throws {
    try await wait { $0.outstanding.count < self.window }
    // Known as outstanding before it can finish.
    state.withLock { $0.outstanding[index] = .max }
    let item = try driver.submit(job, traits) { self.finish(index, $0) }
    state.withLock { state in
      if state.outstanding[index] != nil { state.outstanding[index] = item }
    }
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
    let items = state.withLock { $0.outstanding.values.sorted(by: >) }
    for item in items where item != .max { driver.handle(.cancel(item)) }
  }

  private func finish(_ index: Int, _ result: Result<JobResult, any Error>) {
    switch result {
    case .success: progress?.completed()
    case .failure: progress?.failed()
    }
    let waiter = state.withLock { state in
      state.outstanding[index] = nil
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
