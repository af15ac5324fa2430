public import Logging

/// Hands what a pool's worker logs to the handler of the pool's process.
///
/// `ProcessPool.Configuration.forwardedLogLevel` sets it up. By hand, where workers are to log elsewhere too:
///
/// ```swift
/// struct SetUp: ProcessTask {
///   func run() { LoggingSystem.bootstrap { WorkerLogHandler(label: $0) } }
/// }
/// ```
///
/// as the initializer of a pool: each worker is a process of its own and sets its logging system up once. In a process
/// that is no worker it drops what it is given.
public struct WorkerLogHandler: LogHandler {
  /// Records below it are dropped.
  public var logLevel: Logger.Level
  /// Goes with every record.
  public var metadata: Logger.Metadata = [:]
  /// Asked for more at every record.
  public var metadataProvider: Logger.MetadataProvider?
  private let label: String

  /// Makes a handler.
  ///
  /// - Parameters:
  ///   - label: the logger's.
  ///   - logLevel: records below it are dropped.
  public init(label: String, logLevel: Logger.Level = .info) {
    self.label = label
    self.logLevel = logLevel
    LogForwarding.isOn = true
  }

  /// One value of the metadata.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Sends a record to the parent, before it returns.
  public func log(event: LogEvent) {
    guard let send = LogForwarding.send else { return }
    let task = LogForwarding.task
    var texts = task?.metadata ?? [:]
    for part in [metadata, metadataProvider?.get() ?? [:], event.metadata ?? [:]] {
      texts.merge(part.mapValues { "\($0)" }) { $1 }
    }
    if let error = event.error { texts["error"] = texts["error"] ?? "\(error)" }
    send(
      LogRecord(
        label: label, level: event.level, message: "\(event.message)", metadata: texts, task: task?.number,
        source: event.source, file: event.file, function: event.function, line: event.line))
  }
}
