internal import Multiprocessing

/// 100 MB of numbers to a process, where one is added to each, and back. The process runs already.
extension Scenario {
  static let bigArray = Scenario("big_array_100MB_add1_roundtrip", unit: "s") { report in
    let numbers = [Double](repeating: 0.5, count: 12_500_000)
    try await withProcessPool(workers: 1) { pool in
      _ = try await pool.run { 1 }
      try await report.figure("ours_copy_in_out") {
        try await seconds {
          let shared = try SharedArray(numbers)
          try await addOne(to: shared, in: pool)
          if shared.snapshot()[5] != 1.5 { throw CancellationError() }
        }
      }
      try await report.figure("ours_as_argument") {
        try await seconds {
          let more = try await pool.run(numbers) { numbers in
            var more = numbers
            for index in more.indices { more[index] += 1 }
            return more
          }
          if more[5] != 1.5 { throw CancellationError() }
        }
      }
    }
  }

  /// The same where the numbers lie in shared memory already.
  static let bigArrayInPlace = Scenario("big_array_100MB_in_shm_add1", unit: "s") { report in
    let shared = try SharedArray(repeating: 0.5, count: 12_500_000)
    try await withProcessPool(workers: 1) { pool in
      try await addOne(to: shared, in: pool)
      try await report.figure("ours_in_place") { try await seconds { try await addOne(to: shared, in: pool) } }
    }
  }

  private static func addOne(to shared: SharedArray<Double>, in pool: ProcessPool) async throws {
    try await pool.run(shared) { shared in
      shared.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] += 1 } }
    }
  }

  private static func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    try await Timing.median(of: 5, body) / 1_000_000
  }
}
