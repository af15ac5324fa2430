internal import Multiprocessing

/// A pool of two: made, one result, ended. The fork server runs already.
extension Scenario {
  static let poolStart = Scenario("pool_create_first_result_terminate", unit: "us") { report in
    try report.figure("ours") { try Timing.median(of: 15) { try useOnce(ProcessPool(workers: 2)) } }
    try await report.figure("ours_await") {
      try await Timing.median(of: 15) {
        let pool = try ProcessPool(workers: 2)
        _ = try await pool.run(1) { (number: Int) in abs(number) }
        await pool.terminate()
      }
    }
  }

  private static func useOnce(_ pool: ProcessPool) throws {
    _ = try pool.blocking.run(1) { (number: Int) in abs(number) }
    pool.blocking.terminate()
  }
}
