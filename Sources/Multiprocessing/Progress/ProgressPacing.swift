/// When a progress line is due. Pure.
package struct ProgressPacing: Sendable {
  private let isTerminal: Bool
  private var lastTime: ContinuousClock.Instant
  private var lastTenth = 0

  package init(isTerminal: Bool, start: ContinuousClock.Instant) {
    self.isTerminal = isTerminal
    lastTime = start
  }

  /// Ten updates a second on a terminal. Elsewhere a line for each tenth of the work, or for each ten seconds where the
  /// total is not known, never more than one a second. The last line is not decided here.
  package mutating func takeTurn(_ model: ProgressModel, at now: ContinuousClock.Instant) -> Bool {
    let passed = lastTime.duration(to: now)
    let tenth = model.fraction.map { Int($0 * 10) }
    guard isTerminal ? passed >= .milliseconds(100) : isLineDue(after: passed, tenth: tenth) else { return false }
    lastTime = now
    lastTenth = tenth ?? 0
    return true
  }

  private func isLineDue(after passed: Duration, tenth: Int?) -> Bool {
    guard let tenth else { return passed >= .seconds(10) }
    return passed >= .seconds(1) && tenth > lastTenth
  }
}
