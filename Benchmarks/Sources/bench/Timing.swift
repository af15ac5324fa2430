/// Medians of repeated runs, in microseconds.
enum Timing {
  /// Runs `body` twice unmeasured, then `count` times.
  static func median(of count: Int, _ body: () throws -> Void) rethrows -> Double {
    for _ in 0..<2 { try body() }
    var samples: [Double] = []
    for _ in 0..<count { samples.append(try microseconds(body)) }
    return median(samples)
  }

  /// The same for a body that awaits.
  static func median(of count: Int, _ body: () async throws -> Void) async rethrows -> Double {
    for _ in 0..<2 { try await body() }
    var samples: [Double] = []
    for _ in 0..<count {
      let start = ContinuousClock.now
      try await body()
      samples.append(start.duration(to: .now) / .microseconds(1))
    }
    return median(samples)
  }

  static func microseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return start.duration(to: .now) / .microseconds(1)
  }

  static func median(_ samples: [Double]) -> Double {
    let sorted = samples.sorted()
    guard let last = sorted.last else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + min(sorted[middle], last)) / 2
  }
}
