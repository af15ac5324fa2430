extension PoolInsights: CustomStringConvertible {
  /// A table of the workers, the run times, and the slowest tasks.
  public var description: String {
    let head = ["worker", "pid", "tasks", "start-up", "waiting", "working", "exit", "working %"]
    let rows = [head] + workers.map { $0.row(named: "\($0.id)") } + [total.row(named: "all")]
    let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let table = rows.map { row in
      zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ")
    }
    return (table + [runTimes.line] + slowestLines).joined(separator: "\n")
  }

  private var slowestLines: [String] {
    slowestTasks.isEmpty ? [] : ["slowest:"] + slowestTasks.map { "  \($0.runTime.shortText)  \($0.description)" }
  }
}

extension PoolInsights.WorkerTimes {
  fileprivate func row(named name: String) -> [String] {
    let times = [startUp, waiting, working, exit].map(\.shortText)
    return [name, processID.map { "\($0)" } ?? "-", "\(tasks)"] + times + ["\(Int((workingRatio * 100).rounded()))"]
  }
}

extension PoolInsights.RunTimes {
  fileprivate var line: String {
    if count == 0 { return "no task has ended" }
    return "run times: p50 \(p50.shortText), p90 \(p90.shortText), p99 \(p99.shortText), max \(max.shortText)"
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}

extension Duration {
  /// Three digits or so in the unit that gives a number to read: "812 ns", "1.5 ms", "12 s".
  var shortText: String {
    var value = self / .nanoseconds(1)
    for unit in ["ns", "us", "ms"] {
      if value < 999.5 { return "\(value.shortText) \(unit)" }
      value /= 1000
    }
    return "\(value.shortText) s"
  }
}

extension Double {
  fileprivate var shortText: String {
    let tenths = Int((self * 10).rounded())
    return self < 9.95 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(rounded()))"
  }
}
