internal import MultiprocessingSystem
internal import Synchronization

/// Writes children's lines to this process's standard error, without ever making the reactor wait.
///
/// Bytes that the system takes at once are written at once, so that a child's lines come before what the parent prints
/// after joining it. When standard error is full (a pipe nobody reads, a terminal that was stopped), they queue up for a
/// thread that waits instead;
/// above a bound the oldest are dropped.
final class StandardErrorWriter: Sendable {
  static var current: StandardErrorWriter { perProcess.value }
  /// If anything was written in this process.
  static var existing: StandardErrorWriter? { perProcess.existing }
  private static let perProcess = PerProcess { StandardErrorWriter() }

  private struct State {
    var queue: [UInt8] = []
    var isThreadRunning = false
  }

  private static let queueLimit = 4 << 20

  private let state = Mutex(State())

  func write(_ bytes: [UInt8]) {
    guard Polling.isStandardStream(2) else { return }
    let mustStart = state.withLock { state in
      let rest = state.queue.isEmpty && !state.isThreadRunning ? DescriptorIO.writeAtOnce(bytes, to: 2) : bytes[...]
      if rest.isEmpty { return false }
      state.queue += rest
      if state.queue.count > Self.queueLimit { state.queue.removeFirst(state.queue.count - Self.queueLimit) }
      defer { state.isThreadRunning = true }
      return !state.isThreadRunning
    }
    guard mustStart else { return }
    do {
      try SystemThread.start(named: "mp-stderr") { self.drain() }
    } catch {
      state.withLock { $0.isThreadRunning = false }
    }
  }

  /// Waits, at the end of the program, until all is written, or `timeout` passes.
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
        if state.queue.isEmpty { state.isThreadRunning = false }
        return state.queue
      }
      if batch.isEmpty { return }
      DescriptorIO.writeAll(batch[...], to: 2)
    }
  }
}
