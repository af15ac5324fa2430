internal import MultiprocessingSystem
internal import Synchronization

/// Shows how far a piece of work is, as it is told; from any thread, with no thread of its own.
///
/// Every call counts at once; what is shown is throttled by ``ProgressPacing``, and the last line always appears.
package final class ProgressReporter: Sendable {
  private struct State {
    var model: ProgressModel
    var pacing: ProgressPacing
    var isFinished = false
  }

  private let title: String
  private let output: ProgressOutput
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state: Mutex<State>
  /// Held while a line is rendered and written, so that lines come out whole and none after the last. Taken before
  /// `state`. An update that finds it taken goes without a line; only `finish` waits.
  private let turn = Mutex(())

  package init(
    style: ProgressStyle, total: Int?, output: ProgressOutput,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    title = style.title
    self.output = output
    self.now = now
    let (start, isTerminal) = (now(), output.traits().isTerminal)
    state = Mutex(
      State(
        model: ProgressModel(total: total, start: start),
        pacing: ProgressPacing(isTerminal: isTerminal, start: start)))
    if isTerminal { show() }
  }

  /// Leaves the terminal on a fresh line when the work was given up.
  deinit { finish() }

  package func completed(_ count: Int = 1) {
    record { $0.complete(count, at: $1) }
  }

  package func failed(_ count: Int = 1) {
    record { $0.fail(count, at: $1) }
  }

  package func restarted() {
    record { model, _ in model.restart() }
  }

  /// Writes the last line; what is told afterwards is ignored, so is a second call.
  package func finish() {
    let time = now()
    turn.withLock { _ in
      let model = state.withLock { state -> ProgressModel? in
        guard !state.isFinished else { return nil }
        state.isFinished = true
        return state.model
      }
      if let model { write(ProgressLine(title: title, model: model, now: time, isFinal: true)) }
    }
  }

  private func record(_ change: (inout ProgressModel, ContinuousClock.Instant) -> Void) {
    let time = now()
    let isDue = state.withLock { state in
      guard !state.isFinished else { return false }
      change(&state.model, time)
      return state.pacing.takeTurn(state.model, at: time)
    }
    if isDue { show() }
  }

  /// Reads the state only once it is this thread's turn: a line made before could come out after a newer one.
  private func show() {
    turn.withLockIfAvailable { _ in
      if let model = state.withLock({ $0.isFinished ? nil : $0.model }) {
        write(ProgressLine(title: title, model: model, now: now()))
      }
    }
  }

  private func write(_ line: ProgressLine) {
    let traits = output.traits()
    output.write(Array(text(of: line, traits).utf8))
  }

  /// On a terminal the cursor stays at the end of the line, and the rest of an older, longer one is erased. One column
  /// is left free: a full line would wrap.
  private func text(of line: ProgressLine, _ traits: TerminalTraits) -> String {
    guard traits.isTerminal else { return line.plain() + "\n" }
    let fitted = line.fitted(to: traits.width - 1, unicode: traits.usesUnicode, color: traits.usesColor)
    return "\r\(fitted)\u{1B}[K" + (line.isFinal ? "\n" : "")
  }
}
