/// Counts of nanoseconds, eight steps for each power of two. Recording is an addition in an array.
struct RunTimeHistogram: Sendable {
  private static let steps: UInt64 = 8

  private var counts = [UInt32](repeating: 0, count: 496)
  private(set) var count = 0
  private(set) var max: UInt64 = 0

  mutating func record(_ nanoseconds: UInt64, times: Int = 1) {
    counts[Self.index(of: nanoseconds)] &+= UInt32(truncatingIfNeeded: times)
    count += times
    if nanoseconds > max { max = nanoseconds }
  }

  private static func index(of value: UInt64) -> Int {
    guard value >= steps else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    return (exponent - 2) * Int(steps) + Int((value >> UInt64(exponent - 3)) & (steps - 1))
  }

  /// The largest value that belongs to a count.
  private static func limit(of index: Int) -> UInt64 {
    guard index >= steps else { return UInt64(index) }
    let (exponent, step) = (index / Int(steps) + 2, UInt64(index) % steps)
    // Of the last step of all it would be one more than fits.
    return ((steps + step) << UInt64(exponent - 3)) &+ (1 << UInt64(exponent - 3)) &- 1
  }

  /// So many of hundred took no longer.
  func percentile(_ percent: Int) -> UInt64 {
    let wanted = (count * percent + 99) / 100
    var seen = 0
    for (index, count) in counts.enumerated() where count > 0 {
      seen += Int(count)
      if seen >= wanted { return Swift.min(Self.limit(of: index), max) }
    }
    return max
  }

  /// What was recorded, as it is told.
  var runTimes: PoolInsights.RunTimes {
    PoolInsights.RunTimes(
      count: count, p50: .nanoseconds(percentile(50)), p90: .nanoseconds(percentile(90)),
      p99: .nanoseconds(percentile(99)), max: .nanoseconds(max),
      histogram: counts.indices.filter { counts[$0] > 0 }.map { index in
        PoolInsights.Bucket(upTo: .nanoseconds(Self.limit(of: index)), count: Int(counts[index]))
      })
  }
}
