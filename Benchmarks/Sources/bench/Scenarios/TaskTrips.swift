internal import Glibc
internal import Multiprocessing

/// One task there and back through a pool of two that runs already.
extension Scenario {
  static let taskRoundTrip = Scenario("task_roundtrip_busy", unit: "us") { report in
    try await withProcessPool(workers: 2) { pool in
      try report.figure("ours") { try Timing.median(of: 5000) { try trip(pool) } }
      try await report.figure("ours_await") { try await Timing.median(of: 5000) { try await trip(awaiting: pool) } }
    }
  }

  /// The same after a pause that is long enough for everybody to have gone to sleep.
  static let taskRoundTripAsleep = Scenario("task_roundtrip_asleep", unit: "us") { report in
    try await withProcessPool(workers: 2) { pool in
      try report.figure("ours") { try median(after: { usleep(5000) }) { try trip(pool) } }
      try await report.figure("ours_await") {
        var samples: [Double] = []
        for _ in 0..<200 {
          try await Task.sleep(for: .milliseconds(5))
          let start = ContinuousClock.now
          try await trip(awaiting: pool)
          samples.append(start.duration(to: .now) / .microseconds(1))
        }
        return Timing.median(samples)
      }
    }
  }

  private static func trip(_ pool: ProcessPool) throws {
    if try pool.blocking.run(1, body: { $0 + 1 }) != 2 { throw CancellationError() }
  }

  private static func trip(awaiting pool: ProcessPool) async throws {
    if try await pool.run(1, body: { $0 + 1 }) != 2 { throw CancellationError() }
  }

  private static func median(after pause: () -> Void, _ body: () throws -> Void) rethrows -> Double {
    try Timing.median(
      (0..<200).map { _ in
        pause()
        return try Timing.microseconds(body)
      })
  }
}
