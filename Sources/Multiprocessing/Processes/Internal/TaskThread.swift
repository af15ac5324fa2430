internal import MultiprocessingSystem
internal import Synchronization

/// The thread on which the tasks of a child take their first step, up to where they first suspend. After that they are
/// on the cooperative pool, like any task.
///
/// A task that only computes never suspends, so its process needs no Dispatch: no pool, no manager thread, no timer. The
/// main thread stays free to serve the main actor. Started by the first task; one task is in its first step at a time.
final class TaskThread: Sendable {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var isRunning = false
    /// What the thread sleeps on while nothing waits.
    var gate: Gate?
  }

  private let state = Mutex(State())

  /// Runs `step` on the thread.
  ///
  /// - Throws: a `SystemError` when the thread cannot be started; `step` does not run then.
  func run(_ step: @escaping @Sendable () -> Void) throws {
    let (mustStart, gate) = state.withLock { state -> (Bool, Gate?) in
      state.waiting.append(step)
      defer { (state.isRunning, state.gate) = (true, nil) }
      return (!state.isRunning, state.gate)
    }
    gate?.open()
    guard mustStart else { return }
    do {
      try SystemThread.start(named: "mp-task", runsUserCode: true) { self.serve() }
    } catch {
      state.withLock { $0 = State() }
      throw error
    }
  }

  private func serve() {
    while true {
      let (step, gate) = state.withLock { state -> ((@Sendable () -> Void)?, Gate?) in
        if !state.waiting.isEmpty { return (state.waiting.removeFirst(), nil) }
        let gate = Gate()
        state.gate = gate
        return (nil, gate)
      }
      step?()
      _ = gate?.wait()
    }
  }
}
