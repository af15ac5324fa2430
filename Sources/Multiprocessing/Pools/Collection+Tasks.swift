/// When `waitForTasks` returns.
public enum WaitCondition: Sendable {
  /// As soon as one task has finished.
  case firstCompleted
  /// As soon as one task has failed, or all have finished. A cancelled task is no failure here.
  case firstError
  /// When all have finished.
  case allCompleted
}

extension Collection {
  /// The tasks in the order in which they finish; one given several times comes once.
  ///
  /// - Parameter timeout: how long the whole iteration may wait; then it throws `timedOut`.
  public func asCompleted<Output>(
    timeout: Duration? = nil
  ) -> CompletedTasks<Output> where Element == PoolTask<Output> {
    CompletedTasks(tasks: Array(self), timeout: timeout)
  }

  /// Waits for tasks.
  ///
  /// - Parameters:
  ///   - condition: what to wait for.
  ///   - timeout: how long; nil for ever.
  /// - Returns: the tasks that have finished and the others, each once, in the order given.
  /// - Throws: CancellationError when the awaiting task is cancelled. The tasks go on.
  public func waitForTasks<Output>(
    until condition: WaitCondition = .allCompleted, timeout: Duration? = nil
  ) async throws -> (done: [PoolTask<Output>], pending: [PoolTask<Output>]) where Element == PoolTask<Output> {
    let tasks = CompletedTasks(tasks: Array(self), timeout: timeout)
    var iterator = tasks.makeAsyncIterator()
    do {
      while let task = try await iterator.next(), !condition.isMet(by: task) {}
    } catch let error as MultiprocessingError where error.code == .timedOut {
      // What has finished by now is told below.
    }
    var seen: Set<ObjectIdentifier> = []
    var (done, pending): ([PoolTask<Output>], [PoolTask<Output>]) = ([], [])
    // Each is asked once: it may end at any moment, and belongs to one side.
    for task in self where seen.insert(ObjectIdentifier(task)).inserted {
      if task.isDone { done.append(task) } else { pending.append(task) }
    }
    return (done, pending)
  }
}

extension WaitCondition {
  fileprivate func isMet<Output>(by task: PoolTask<Output>) -> Bool {
    switch self {
    case .firstCompleted: return true
    case .allCompleted: return false
    case .firstError:
      if case .failure = task.completion.value { return !task.isCancelled }
      return false
    }
  }
}
