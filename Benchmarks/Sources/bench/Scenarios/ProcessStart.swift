internal import Multiprocessing

/// Start of a child whose task does nothing, until it has been joined. The fork server runs already.
extension Scenario {
  static let processStart = Scenario("process_start_join", unit: "us") { report in
    try measureStarts(report, counts: (server: 60, spawn: 20, fork: 60))
    try await report.figure("ours_forkServer_await") { try await awaited(.forkServer, count: 60) }
    try await report.figure("ours_spawn_await") { try await awaited(.spawn, count: 20) }
  }

  /// The same from a parent that has 1 GiB in use.
  static let processStartInBigParent = Scenario("process_start_join_parent_1GiB", unit: "us") { report in
    let block = TouchedMemory(byteCount: 1 << 30)
    try measureStarts(report, counts: (server: 20, spawn: 10, fork: 10))
    block.release()
  }

  private static func measureStarts(_ report: Report, counts: (server: Int, spawn: Int, fork: Int)) throws {
    try report.figure("ours_forkServer") { try blocking(.forkServer, count: counts.server) }
    try report.figure("ours_spawn") { try blocking(.spawn, count: counts.spawn) }
    try report.figure("ours_fork") {
      try Timing.median(of: counts.fork) { try ChildProcess<Void>.fork {}.blocking.join() }
    }
  }

  private static func blocking(_ method: StartMethod, count: Int) throws -> Double {
    let context = ProcessContext(method)
    return try Timing.median(of: count) { try ChildProcess<Void>.start(context: context) {}.blocking.join() }
  }

  private static func awaited(_ method: StartMethod, count: Int) async throws -> Double {
    let context = ProcessContext(method)
    return try await Timing.median(of: count) { try await ChildProcess<Void>.start(context: context) {}.join() }
  }
}
