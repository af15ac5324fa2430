internal import Glibc
internal import Multiprocessing

/// Two processes that answer each other, blocking: there and back. One right after another, or with a pause before
/// each, after which the other is asleep.
extension Scenario {
  static let primitiveTrips = [
    eventTrip("event_roundtrip", .busy), eventTrip("event_roundtrip_asleep", .asleep),
    semaphoreTrip("semaphore_roundtrip", .busy), semaphoreTrip("semaphore_roundtrip_asleep", .asleep),
    barrierTrip("barrier2_roundtrip", .busy), barrierTrip("barrier2_roundtrip_asleep", .asleep),
  ]

  private static func eventTrip(_ name: String, _ pace: TripPace) -> Scenario {
    Scenario(name, unit: "us") { report in
      try await report.figure("ours") {
        let (there, back) = (try Event(), try Event())
        let child = try ChildProcess.start(there, back, pace.trips) { there, back, trips in
          for _ in 0..<trips {
            try wait(for: there)
            there.clear()
            back.set()
          }
        }
        return try await pace.perTrip(of: child) {
          there.set()
          try wait(for: back)
          back.clear()
        }
      }
    }
  }

  private static func semaphoreTrip(_ name: String, _ pace: TripPace) -> Scenario {
    Scenario(name, unit: "us") { report in
      try await report.figure("ours") {
        let (there, back) = (try CountingSemaphore(value: 0), try CountingSemaphore(value: 0))
        let child = try ChildProcess.start(there, back, pace.trips) { there, back, trips in
          for _ in 0..<trips {
            try acquire(there)
            try back.release()
          }
        }
        return try await pace.perTrip(of: child) {
          try there.release()
          try acquire(back)
        }
      }
    }
  }

  /// Two waits are a trip where the other sleeps: the first wakes it, the second is over when it has come.
  private static func barrierTrip(_ name: String, _ pace: TripPace) -> Scenario {
    Scenario(name, unit: "us") { report in
      try await report.figure("ours") {
        let barrier = try Barrier(parties: 2)
        let waits = pace == .asleep ? 2 : 1
        let child = try ChildProcess.start(barrier, pace.trips * waits) { barrier, count in
          for _ in 0..<count { try wait(at: barrier) }
        }
        return try await pace.perTrip(of: child) { for _ in 0..<waits { try wait(at: barrier) } }
      }
    }
  }

  private static func wait(for event: Event) throws { try event.blocking.wait() }
  private static func acquire(_ semaphore: CountingSemaphore) throws { try semaphore.blocking.acquire() }
  private static func wait(at barrier: Barrier) throws { try barrier.blocking.wait() }
}

/// Whether trips follow each other at once.
enum TripPace {
  case busy, asleep

  var trips: Int { self == .busy ? 20_000 : 300 }

  /// What a trip takes, without the pauses: the mean of busy ones, the median of the others. The first does not count: it
  /// finds the child started.
  func perTrip(of child: ChildProcess<Void>, _ trip: () throws -> Void) async throws -> Double {
    try trip()
    let time = try self == .busy ? meanWithoutPauses(trip) : medianWithPauses(trip)
    try await child.join()
    return time
  }

  private func meanWithoutPauses(_ trip: () throws -> Void) rethrows -> Double {
    try Timing.microseconds { for _ in 1..<trips { try trip() } } / Double(trips - 1)
  }

  private func medianWithPauses(_ trip: () throws -> Void) rethrows -> Double {
    try Timing.median(
      (1..<trips).map { _ in
        usleep(2000)
        return try Timing.microseconds(trip)
      })
  }
}
