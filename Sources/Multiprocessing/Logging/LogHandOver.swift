internal import MultiprocessingSystem
internal import Synchronization

/// Has a logger of the user's called by a thread of its own: one that blocks, or asks a pool for something, would stop every
/// answer and timeout of the process where it is the reactor's thread that logs, or of a pool where another one performs.
///
/// As a rule it is done when `perform` returns, so that what a program logs is there when it has seen the cause. A logger
/// that takes longer is waited for once; what follows is called in order, when it can be.
final class LogHandOver: Sendable {
  static var current: LogHandOver { perProcess.value }
  /// If anything was logged so in this process.
  static var existing: LogHandOver? { perProcess.existing }
  private static let perProcess = PerProcess { LogHandOver() }

  private struct State {
    var queue: [(call: @Sendable () -> Void, done: Gate)] = []
    var isThreadRunning = false
    /// The logger has been waited for long enough.
    var isLate = false
  }

  private static let patience = Duration.milliseconds(200)
  /// Above it nothing more is logged until the logger goes on.
  private static let queueLimit = 10_000

  private let state = Mutex(State())

  func perform(_ call: @escaping @Sendable () -> Void) {
    let done = Gate()
    let (mustStart, isLate) = state.withLock { state in
      if state.queue.count < Self.queueLimit { state.queue.append((call, done)) }
      defer { state.isThreadRunning = true }
      return (!state.isThreadRunning, state.isLate)
    }
    if mustStart {
      do {
        try SystemThread.start(named: "mp-log", taking: .asOnDispatch) { self.drain() }
      } catch {
        // Without a thread for it nothing is logged now; the next event tries again.
        return state.withLock { $0.isThreadRunning = false }
      }
    }
    if isLate || done.wait(timeout: Self.patience) { return }
    state.withLock { $0.isLate = $0.isThreadRunning }
  }

  /// Waits, at the end of the program, until all is logged, or `timeout` passes.
  func flush(timeout: Duration) {
    let deadline = ContinuousClock.now + timeout
    while state.withLock({ $0.isThreadRunning }), ContinuousClock.now < deadline {
      _ = try? Polling.wait(for: [], timeout: .milliseconds(5))
    }
  }

  private func drain() {
    while true {
      let batch = state.withLock { state in
        defer { state.queue = [] }
        if state.queue.isEmpty { (state.isThreadRunning, state.isLate) = (false, false) }
        return state.queue
      }
      if batch.isEmpty { return }
      for (call, done) in batch {
        call()
        done.open()
      }
    }
  }
}
