internal import Multiprocessing

/// Results a second from a stream that is read as it comes, by a pool of two that runs already.
extension Scenario {
  static let poolStreams = [
    stream("pool_stream_ordered_chunksize1", .input, chunkSize: 1),
    stream("pool_stream_unordered_chunksize1", .completion, chunkSize: 1),
    stream("pool_stream_ordered", .input, chunkSize: nil),
    stream("pool_stream_unordered", .completion, chunkSize: nil),
  ]

  private static func stream(_ name: String, _ order: ResultOrder, chunkSize: Int?) -> Scenario {
    Scenario(name, unit: "tasks/s") { report in
      try await withProcessPool(workers: 2) { pool in
        _ = try await pool.map(0..<100) { $0 + 1 }
        try await report.figure("ours") {
          // The peers take all inputs ahead.
          let options = MapOptions(chunkSize: chunkSize, maxPending: 1000)
          let time = try await Timing.median(of: 3) {
            var count = 0
            for try await _ in pool.stream(0..<inputs, order: order, options: options, { $0 + 1 }) { count += 1 }
            if count != inputs { throw CancellationError() }
          }
          return Double(inputs) / time * 1_000_000
        }
      }
    }
  }

  private static let inputs = 10_000
}
