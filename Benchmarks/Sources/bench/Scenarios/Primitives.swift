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

/// Two processes that answer each other, blocking: there and back.
extension Scenario {
  static let eventRoundTrip = Scenario("event_roundtrip", unit: "us") { report in
    try await report.figure("ours") {
      let (there, back) = (try Event(), try Event())
      let child = try ChildProcess.start(there, back, trips) { there, back, trips in
        for _ in 0..<trips {
          try wait(for: there)
          there.clear()
          back.set()
        }
      }
      return try await perTrip(of: child) {
        there.set()
        try wait(for: back)
        back.clear()
      }
    }
  }

  static let semaphoreRoundTrip = Scenario("semaphore_roundtrip", unit: "us") { report in
    try await report.figure("ours") {
      let (there, back) = (try CountingSemaphore(value: 0), try CountingSemaphore(value: 0))
      let child = try ChildProcess.start(there, back, trips) { there, back, trips in
        for _ in 0..<trips {
          try acquire(there)
          try back.release()
        }
      }
      return try await perTrip(of: child) {
        try there.release()
        try acquire(back)
      }
    }
  }

  static let barrierRoundTrip = Scenario("barrier2_roundtrip", unit: "us") { report in
    try await report.figure("ours") {
      let barrier = try Barrier(parties: 2)
      let child = try ChildProcess.start(barrier, trips) { barrier, trips in
        for _ in 0..<trips { try wait(at: barrier) }
      }
      return try await perTrip(of: child) { try wait(at: barrier) }
    }
  }

  private static let trips = 20_000

  private static func wait(for event: Event) throws { try event.blocking.wait() }
  private static func acquire(_ semaphore: CountingSemaphore) throws { try semaphore.blocking.acquire() }
  private static func wait(at barrier: Barrier) throws { try barrier.blocking.wait() }

  private static func perTrip(of child: ChildProcess<Void>, _ trip: () throws -> Void) async throws -> Double {
    // The first finds the child started.
    try trip()
    let time = try Timing.microseconds { for _ in 1..<trips { try trip() } }
    try await child.join()
    return time / Double(trips - 1)
  }
}
