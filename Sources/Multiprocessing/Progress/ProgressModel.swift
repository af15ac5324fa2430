/// How far a piece of work is, and when it will be done. Pure: time is given, never read.
package struct ProgressModel: Sendable {
  /// Nil when it is not known how much there is.
  package let total: Int?
  package let start: ContinuousClock.Instant
  package private(set) var completed = 0
  package private(set) var failed = 0
  package private(set) var restarts = 0
  private var speed: SmoothedRate

  package init(total: Int?, start: ContinuousClock.Instant) {
    self.total = total
    self.start = start
    speed = SmoothedRate(start: start)
  }

  package mutating func complete(_ count: Int, at now: ContinuousClock.Instant) {
    completed += count
    speed.record(count, at: now)
  }

  package mutating func fail(_ count: Int, at now: ContinuousClock.Instant) {
    failed += count
    speed.record(count, at: now)
  }

  package mutating func restart() {
    restarts += 1
  }

  /// What will not run again, whether it succeeded or not.
  package var finished: Int { completed + failed }

  /// From 0 to 1; nil without a total. Work on nothing is done from the start.
  package var fraction: Double? {
    total.map { $0 > 0 ? min(1, Double(finished) / Double($0)) : 1 }
  }

  /// Items a second lately; nil until there is something to measure.
  package func rate(at now: ContinuousClock.Instant) -> Double? {
    speed.value(at: now)
  }

  package func elapsed(at now: ContinuousClock.Instant) -> Duration {
    start.duration(to: now)
  }

  /// At the present rate; nil without a total, before the first item, or when it would be more than a hundred days.
  package func timeLeft(at now: ContinuousClock.Instant) -> Duration? {
    guard let total, let rate = rate(at: now), rate > 0 else { return nil }
    let seconds = Double(max(0, total - finished)) / rate
    return seconds < 8_640_000 ? .seconds(seconds) : nil
  }
}
