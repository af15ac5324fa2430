internal import Multiprocessing

/// Tasks a second through a pool of two that runs already.
extension Scenario {
  static let poolMapSingle = mapping("pool_map_chunksize1", options: .chunkSize(1))
  static let poolMapAutomatic = mapping("pool_map_default_chunksize", options: MapOptions())
  /// More workers than processors.
  static let poolMapSixteen = mapping("pool16_map_chunksize1", workers: 16, options: .chunkSize(1))
  static let poolMapStruct = Scenario("pool_map_chunksize1_struct", unit: "tasks/s") { report in
    let pool = try ProcessPool(workers: 2)
    let widgets = (0..<20_000).map { Widget(id: $0) }
    _ = try await pool.map(0..<100) { $0 + 1 }
    try report.figure("ours") {
      try perSecond(widgets.count) {
        try pool.blocking.map(widgets, options: .chunkSize(1)) { (widget: Widget) in
          var widget = widget
          widget.id += 1
          return widget
        }.count
      }
    }
    try report.figure("codec_alone") {
      // A task and its result are encoded and decoded once each, by two processes.
      1 / (try microsecondsToCode(widgets)) * 1_000_000
    }
    await pool.terminate()
  }

  /// What it takes to encode and decode one of these, through a queue that nobody else uses.
  private static func microsecondsToCode(_ widgets: [Widget]) throws -> Double {
    let queue = try Queue<Widget>()
    let batches = stride(from: 0, to: widgets.count, by: 100).map { Array(widgets[$0..<min($0 + 100, widgets.count)]) }
    let time = try Timing.median(of: 3) {
      for batch in batches {
        try queue.blocking.put(contentsOf: batch)
        if try queue.blocking.get(upTo: 100).count != batch.count { throw CancellationError() }
      }
    }
    return time / Double(widgets.count)
  }

  private static func mapping(_ name: String, workers: Int = 2, options: MapOptions) -> Scenario {
    Scenario(name, unit: "tasks/s") { report in
      let pool = try ProcessPool(workers: workers)
      _ = try await pool.map(0..<100) { $0 + 1 }
      try report.figure("ours") {
        try perSecond(100_000) { try pool.blocking.map(0..<100_000, options: options) { $0 + 1 }.count }
      }
      await pool.terminate()
    }
  }

  private static func perSecond(_ count: Int, _ body: () throws -> Int) rethrows -> Double {
    Double(count) / (try Timing.median(of: 3) { if try body() != count { throw CancellationError() } }) * 1_000_000
  }
}

struct Widget: Codable, Sendable {
  var id: Int
  var name = "widget number 7"
  var score = 3.25
  var tags = ["alpha", "beta"]
  var isOK = true

  init(id: Int) { self.id = id }
}
