/// Events a second, averaged so that what happened a while ago counts less.
///
/// Each sample spans at least a tenth of a second, because results of one chunk arrive in a burst. The older average
/// is weighted by `memory / (memory + span)`: much like an exponential, without the mathematics library. The sum of the
/// weights is kept beside it, so that the first samples are not pulled towards zero.
package struct SmoothedRate: Sendable {
  private static let memory = 15.0
  private static let shortestSample = Duration.milliseconds(100)

  private var weighted = 0.0
  private var weight = 0.0
  private var pending = 0
  private var sampleStart: ContinuousClock.Instant

  package init(start: ContinuousClock.Instant) {
    sampleStart = start
  }

  package mutating func record(_ count: Int, at now: ContinuousClock.Instant) {
    pending += count
    if sampleStart.duration(to: now) >= Self.shortestSample { closeSample(at: now) }
  }

  /// Nil before anything was recorded for long enough to measure.
  ///
  /// A silence twice as long as the usual distance between events counts as a sample of its own: of work that stopped,
  /// the rate falls.
  package func value(at now: ContinuousClock.Instant) -> Double? {
    guard weight > 0 else { return nil }
    let usual = weighted / weight
    let silence = sampleStart.duration(to: now).inSeconds
    guard pending == 0, usual > 0, silence > 2 / usual else { return usual }
    var stalled = self
    stalled.closeSample(at: now)
    return stalled.weighted / stalled.weight
  }

  private mutating func closeSample(at now: ContinuousClock.Instant) {
    let span = sampleStart.duration(to: now).inSeconds
    let keep = Self.memory / (Self.memory + span)
    weighted = weighted * keep + Double(pending) / span * (1 - keep)
    weight = weight * keep + (1 - keep)
    pending = 0
    sampleStart = now
  }
}

extension Duration {
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
