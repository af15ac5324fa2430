extension Expectation {
  private static let squares = "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]".escaped
  private static let time = #"[\d.]+ (?:ns|us|ms|s)"#

  static let pools: [Expectation] = [
    Expectation(
      "pool-tour",
      .lines([
        squares, "in any order: \(squares)", "400", "a worker's identifier, and not ours: true",
        "four tasks, at most four workers: true", "We lacked patience and got a timeout",
        "For the moment, the pool remains available for more work: 42",
        "Now the pool is closed and no longer available: true", "ended early: true",
      ])),
    Expectation(
      "ways-to-call",
      .lines([
        "awaited now: 9", "submitted, and done: false", "awaited later: 16", "mapped: [1, 4, 9]".escaped,
        "mapped later: [16, 25, 36]".escaped,
      ])),
    Expectation(
      "unequal-tasks",
      .lines(["fixed shares: \(seconds)", "a pool: \(seconds)", "the pool is faster: true"]), isTimed: true),
    Expectation("pool-of-squares", .lines(["Pool : [0, 1, 4, 9, 16]".escaped])),
    Expectation(
      "slow-callback",
      .lines([
        "blocking: 25", "mapped: [0, 1, 4, 9, 16], before the callback ended: true".escaped, "told: 36",
      ])),
    Expectation(
      "where-time-goes",
      .count(3...3, #" *(?:\d+|all) +(?:\d+|-) +\d+(?: +\#(time)){4} +\d+"#),
      .inOrder([
        " *worker +pid +tasks +start-up +waiting +working +exit +working %", " *all .*",
        "run times: p50 \(time), p90 \(time), p99 \(time), max \(time)", "slowest:", #" +\#(time) .* \(80\)"#,
      ])),
  ]
}

extension String {
  /// As a pattern that matches itself.
  fileprivate var escaped: String {
    replacing("[", with: #"\["#).replacing("]", with: #"\]"#)
  }
}
