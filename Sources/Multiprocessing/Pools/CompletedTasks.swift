internal import MultiprocessingSystem
internal import Synchronization

/// Tasks in the order in which they finish. Made by `asCompleted`.
public struct CompletedTasks<Output: Sendable>: AsyncSequence, Sendable {
  let tasks: [PoolTask<Output>]
  let timeout: Duration?

  /// Gives the tasks as they finish.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let queue: CompletionQueue<Output>
    let deadline: ContinuousClock.Instant?

    /// The next task that has finished; nil when all have been given.
    ///
    /// - Throws: `timedOut` when the time passes first, saying how many are unfinished; CancellationError when the
    ///   awaiting task is cancelled. The tasks go on.
    public mutating func next() async throws -> PoolTask<Output>? { try await queue.next(deadline: deadline) }
  }

  /// Starts to wait; the timeout counts from here.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(queue: CompletionQueue(tasks), deadline: timeout.map { ContinuousClock.now + $0 })
  }
}

/// Tasks that have finished and were not taken.
final class CompletionQueue<Output: Sendable>: Sendable {
  private struct State {
    var finished: [PoolTask<Output>] = []
    var taken = 0
    var waiter: Completion<Void>?
  }

  private let state = Mutex(State())
  private let total: Int

  init(_ tasks: [PoolTask<Output>]) {
    var seen: Set<ObjectIdentifier> = []
    let distinct = tasks.filter { seen.insert(ObjectIdentifier($0)).inserted }
    total = distinct.count
    for task in distinct {
      task.completion.observe { [weak self] _ in self?.add(task) }
    }
  }

  private func add(_ task: PoolTask<Output>) {
    let waiter = state.withLock { state in
      state.finished.append(task)
      return state.waiter
    }
    waiter?.resolve(())
  }

  func next(deadline: ContinuousClock.Instant?) async throws -> PoolTask<Output>? {
    while true {
      let (task, waiter) = state.withLock { state -> (PoolTask<Output>?, Completion<Void>?) in
        if state.taken == total { return (nil, nil) }
        if !state.finished.isEmpty {
          state.taken += 1
          return (state.finished.removeFirst(), nil)
        }
        let waiter = Completion<Void>()
        state.waiter = waiter
        return (nil, waiter)
      }
      guard let waiter else { return task }
      try await wait(waiter, until: deadline)
    }
  }

  private func wait(_ waiter: Completion<Void>, until deadline: ContinuousClock.Instant?) async throws {
    guard let deadline else { return try await waiter.wait() }
    let left = ContinuousClock.now.duration(to: deadline)
    if try await waiter.wait(timeout: left) == nil {
      let unfinished = state.withLock { total - $0.taken - $0.finished.count }
      if unfinished == 0 { return }
      throw MultiprocessingError(.timedOut, "\(unfinished) (of \(total)) tasks unfinished; they go on")
    }
  }
}
