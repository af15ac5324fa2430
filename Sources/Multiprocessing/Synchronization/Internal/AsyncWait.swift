internal import MultiprocessingSystem

/// Waiting in a task: the looks are made by a thread of the library's, no thread of the cooperative pool is blocked.
enum AsyncWait {
  /// Looks until it is done; nil when `timeout` passes first. `word` is the one that `look` sleeps on; `passingOn` as
  /// `LaneWaiter` says.
  ///
  /// - Throws: CancellationError when the task is cancelled first; what `look` throws; `system` when there is no thread.
  ///   Whatever the end, nothing that `look` took is lost: if it took something, that is returned.
  static func run<Result: Sendable>(
    on word: SharedWord, timeout: Duration?, wakesAll: Bool = false, passingOn: (@Sendable () -> Void)? = nil,
    _ look: @escaping @Sendable (LookMode) throws -> WaitLook<Result>
  ) async throws -> Result? {
    if case .done(let result) = try look(LookMode(announces: false, hasSlept: false)) { return result }
    try Task.checkCancellation()
    if let timeout, timeout <= .zero { return nil }
    let completion = Completion<Swift.Result<Result, any Error>>()
    let waiter = LaneWaiter(passingOn: passingOn) { mode in
      do {
        switch try look(mode) {
        case .sleep(let word, let value): return .sleep(word, value)
        case .done(let result): completion.resolve(.success(result))
        }
      } catch {
        completion.resolve(.failure(error))
      }
      return .done(())
    }
    let lane = try WaitLanes.current.enlist(waiter, on: word, wakesAll: wakesAll)
    do {
      if let timeout {
        if try await completion.wait(timeout: timeout) == nil {
          // A last look: what it waits for may be there since, and the one that was to tell be stopped.
          _ = waiter.attempt()
          lane.withdraw(waiter, from: word)
        }
      } else {
        _ = try await completion.wait()
      }
    } catch {
      lane.withdraw(waiter, from: word)
      guard completion.value != nil else { throw error }
    }
    return try completion.value?.get()
  }
}
