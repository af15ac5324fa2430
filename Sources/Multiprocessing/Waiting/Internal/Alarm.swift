internal import MultiprocessingSystem

/// Something that happens once, at a deadline or a little later.
///
/// The reactor sees to it; where that cannot start, because the process has no descriptors left, a thread of its own that
/// sleeps until then: a wait with a time limit must have one most of all when means are short.
final class Alarm: Sendable {
  private enum Means {
    case timer(Reactor.Token)
    case thread(Gate)
  }

  private let means: Means

  /// - Parameter handler: short, and no code of the user's.
  /// - Throws: `system` when there is neither.
  init(at deadline: ContinuousClock.Instant, handler: @escaping @Sendable () -> Void) throws {
    if let token = try? Reactor.shared.schedule(at: deadline, handler: handler) {
      means = .timer(token)
      return
    }
    let gate = Gate()
    do {
      try SystemThread.start(named: "mp-alarm") {
        if !gate.wait(timeout: ContinuousClock.now.duration(to: deadline)) { handler() }
      }
    } catch {
      throw MultiprocessingError(doing: "measuring the time of a wait", error)
    }
    means = .thread(gate)
  }

  func cancel() {
    switch means {
    case .timer(let token): Reactor.shared.cancel(token)
    case .thread(let gate): gate.open()
    }
  }
}
