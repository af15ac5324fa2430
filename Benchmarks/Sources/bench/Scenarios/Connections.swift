internal import Multiprocessing

/// A number there and back through a connection.
extension Scenario {
  static let connectionRoundTrip = Scenario("connection_roundtrip", unit: "us") { report in
    try await report.figure("ours") {
      let (near, far) = try Connection<Int, Int>.pair()
      let child = try ChildProcess.start(far, trips) { connection, trips in
        for _ in 0..<trips { try echo(connection) }
      }
      let time = try perTrip {
        try near.blocking.send(1)
        _ = try near.blocking.receive()
      }
      try await child.join()
      return time
    }
    try await report.figure("ours_await") {
      let (near, far) = try Connection<Int, Int>.pair()
      let child = try ChildProcess.start(far, trips) { connection, trips in
        for _ in 0..<trips { try await connection.send(connection.receive()) }
      }
      let time = try await perTripAwaiting {
        try await near.send(1)
        _ = try await near.receive()
      }
      try await child.join()
      return time
    }
  }

  /// 100 MB of Double there and back.
  static let connectionLarge = Scenario("connection_100MB_roundtrip", unit: "s") { report in
    try await report.figure("ours") {
      let (near, far) = try Connection<[Double], [Double]>.pair()
      let child = try ChildProcess.start(far) { connection in
        for _ in 0..<7 { try await connection.send(connection.receive()) }
      }
      let numbers = [Double](repeating: 1, count: 12_500_000)
      let time = try await Timing.median(of: 5) {
        try await near.send(numbers)
        _ = try await near.receive()
      }
      try await child.join()
      return time / 1e6
    }
  }

  private static let trips = 20_000

  private static func echo(_ connection: Connection<Int, Int>) throws {
    try connection.blocking.send(connection.blocking.receive())
  }

  private static func perTrip(_ trip: () throws -> Void) throws -> Double {
    // The first finds the child started.
    try trip()
    return try Timing.microseconds { for _ in 1..<trips { try trip() } } / Double(trips - 1)
  }

  private static func perTripAwaiting(_ trip: () async throws -> Void) async throws -> Double {
    try await trip()
    let start = ContinuousClock.now
    for _ in 1..<trips { try await trip() }
    return start.duration(to: .now) / .microseconds(1) / Double(trips - 1)
  }
}
