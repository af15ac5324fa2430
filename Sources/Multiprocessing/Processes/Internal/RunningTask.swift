internal import Synchronization

/// A task of the user's while it runs in a child, for another thread to cancel.
///
/// Not its `Task`: one that takes its first step on the thread that makes it has no handle before that step is over, and
/// a task that computes has no other.
final class RunningTask: Sendable {
  private struct State {
    var isCancelled = false
    var task: Reference?
  }

  // SAFETY: it leaves the task's own code only to be cancelled, which any thread may do, and only under the lock below,
  // which the task takes to remove it before it ends.
  private struct Reference: @unchecked Sendable {
    let task: UnsafeCurrentTask
  }

  private let state = Mutex(State())

  /// Runs `body` in the current task.
  func run<Output: Sendable>(_ body: @Sendable @concurrent () async -> Output) async -> Output {
    // SAFETY: the reference is taken back before this closure ends, and with it the task.
    await withUnsafeCurrentTask { task in
      state.withLock { state in
        state.task = task.map(Reference.init)
        // It may have been cancelled between its arrival and now.
        if state.isCancelled { task?.cancel() }
      }
      defer { state.withLock { $0.task = nil } }
      return await body()
    }
  }

  /// Cancels the task, now or when it begins. Its cancellation handlers run under the lock: like the runtime, which
  /// lets no task end over them.
  func cancel() {
    state.withLock { state in
      state.isCancelled = true
      state.task?.task.cancel()
    }
  }
}
