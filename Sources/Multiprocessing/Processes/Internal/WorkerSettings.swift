internal import MultiprocessingSystem

/// What the parent decides about a worker besides its context.
struct WorkerSettings: Sendable {
  /// The processors that it may run on; empty: the parent's.
  var processors: [Int] = []
  /// Added to nothing: 0 to 19; nil: the parent's.
  var niceness: Int?
  /// Its share of the processors: for numeric libraries, and for pools of its own.
  var threads: Int?
  /// Records of swift-log of this level and above go to the parent; nil: logging is the program's own affair.
  var logLevel: String?

  /// In the worker, before it has a second thread.
  func apply() throws {
    if !processors.isEmpty { try Placement.bind(to: processors) }
    if let niceness { try Placement.setNiceness(niceness) }
    if let threads { Placement.limitLibraries(to: threads) }
  }
}

extension WorkerSettings {
  func write(to fields: inout FieldWriter) {
    fields.put(processors)
    fields.put(niceness.map(Int64.init))
    fields.put(threads.map(Int64.init))
    fields.put(logLevel)
  }

  init(from fields: inout FieldReader) throws {
    processors = try fields.integers()
    niceness = try fields.optionalNumber().map { Int($0) }
    threads = try fields.optionalNumber().map { Int($0) }
    logLevel = try fields.optionalText()
  }
}
