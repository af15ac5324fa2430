package import Logging
internal import MultiprocessingSystem

/// Where events go.
package final class EventLogDestination: Sendable {
  package let logger: Logger
  /// As it was when it was given: the level of a user's logger is asked in code of the user's.
  package let level: LogLevel
  /// Made here, with no lock and no state of the process: safe in a forked copy, and the same in every child.
  package let isOurs: Bool

  private init(_ logger: Logger, isOurs: Bool) {
    self.logger = logger
    level = logger.logLevel
    self.isOurs = isOurs
  }

  package static func logger(_ logger: Logger) -> EventLogDestination {
    EventLogDestination(logger, isOurs: false)
  }

  package static func standardError(
    level: LogLevel, write: @escaping @Sendable ([UInt8]) -> Void = { StandardErrorWriter.current.write($0) }
  ) -> EventLogDestination {
    let logger = Logger(label: "multiprocessing") { _ in StandardErrorLogHandler(logLevel: level, write: write) }
    return EventLogDestination(logger, isOurs: true)
  }
}
