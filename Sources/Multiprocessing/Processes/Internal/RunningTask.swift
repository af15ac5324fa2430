internal import Synchronization

/// A task of the user's while it runs in a child, for another thread to cancel.
///
/// Not its `Task`: one that takes its first step on the thread that makes it has no handle before that step is over, and
/// a task that computes has no other. Its cancellation handlers are the user's code: they run outside the lock, and the
/// task does not end over them.
final class RunningTask: Sendable {
  private struct State {
    var isCancelled = false
    var task: Reference?
    /// How many threads are cancelling it now.
    var cancelling = 0
    /// Continues the task, at its end, while they do. No continuation, for the reason that `waitUntilCancelled` has.
    var end: (@Sendable () -> Void)?
  }

  // SAFETY: it leaves the task's own code only to be cancelled, which any thread may do. Whoever takes it from the state
  // counts as cancelling; the task removes it before it ends, and waits until nobody does.
  private struct Reference: @unchecked Sendable {
    let task: UnsafeCurrentTask
  }

  private let state = Mutex(State())

  /// Runs `body` in the current task.
  func run<Output: Sendable>(_ body: @Sendable @concurrent () async -> Output) async -> Output {
    // SAFETY: the reference is taken back before this closure ends, and with it the task.
    await withUnsafeCurrentTask { task in
      let isCancelled = state.withLock { state in
        state.task = task.map(Reference.init)
        return state.isCancelled
      }
      // It may have been cancelled between its arrival and now.
      if isCancelled { task?.cancel() }
      let output = await body()
      await end()
      return output
    }
  }

  private func end() async {
    let isBeingCancelled = state.withLock { state in
      state.task = nil
      return state.cancelling > 0
    }
    if isBeingCancelled { await waitUntilCancelled() }
  }

  /// A function of its own: the layout of a continuation is asked of the runtime by whatever function makes one, at its
  /// first line, and looking it up is a tenth of what a child's first task costs.
  @inline(never) private func waitUntilCancelled() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isFree = state.withLock { state in
        if state.cancelling > 0 { state.end = { continuation.resume() } }
        return state.cancelling == 0
      }
      if isFree { continuation.resume() }
    }
  }

  /// Cancels the task, now or when it begins. Its cancellation handlers have run when this returns, unless another
  /// thread was first.
  func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      if state.task != nil { state.cancelling += 1 }
      return state.task
    }
    guard let task else { return }
    task.task.cancel()
    let resume = state.withLock { state -> (@Sendable () -> Void)? in
      state.cancelling -= 1
      guard state.cancelling == 0 else { return nil }
      defer { state.end = nil }
      return state.end
    }
    resume?()
  }
}
