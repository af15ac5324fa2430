internal import Multiprocessing

/// A lock taken and released by one process.
extension Scenario {
  static let lockUncontended = Scenario("lock_uncontended_acq_rel", unit: "ns") { report in
    let lock = try Lock()
    try report.figure("ours") {
      try perPair {
        try lock.blocking.acquire()
        try lock.release()
      }
    }
    try await report.figure("ours_await") {
      try await perPairAwaiting {
        try await lock.acquire()
        try lock.release()
      }
    }
    let recursive = try RecursiveLock()
    try report.figure("ours_recursive") {
      try perPair {
        try recursive.blocking.acquire()
        try recursive.blocking.release()
      }
    }
  }

  private static let pairs = 500_000

  private static func perPair(_ pair: () throws -> Void) throws -> Double {
    let samples = try (0..<5).map { _ in
      try Timing.microseconds { for _ in 0..<pairs { try pair() } }
    }
    return Timing.median(samples) * 1000 / Double(pairs)
  }

  private static func perPairAwaiting(_ pair: () async throws -> Void) async throws -> Double {
    try await Timing.median(of: 5) { for _ in 0..<pairs { try await pair() } } * 1000 / Double(pairs)
  }
}
