internal import Logging

/// Writes each event as CPython's `log_to_stderr` does: `[INFO/Process-1] child process exiting with exit code 0`.
///
/// One write for each event, so that the lines of several processes do not mix.
struct StandardErrorLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  let write: @Sendable ([UInt8]) -> Void

  init(logLevel: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void) {
    self.logLevel = logLevel
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    let facts = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    let level = event.level.rawValue.uppercased()
    write(Array("[\(level)/\(ProcessIdentity.currentName)] \(event.message)\(facts)\n".utf8))
  }
}
