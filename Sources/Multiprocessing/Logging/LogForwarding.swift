internal import Logging
internal import MultiprocessingSystem

/// How records leave a worker, and what is known of the task that writes them.
package enum LogForwarding {
  /// The task that writes.
  package struct Task: Sendable {
    package var number: UInt64
    package var metadata: [String: String]

    package init(number: UInt64, metadata: [String: String]) {
      self.number = number
      self.metadata = metadata
    }
  }

  @TaskLocal package static var task: Task?

  /// Hands a record to the parent; nil where there is none.
  package static var send: (@Sendable (LogRecord) -> Void)? {
    get { sender.value }
    set { sender.value = newValue }
  }

  /// Somebody has made a handler that forwards, so tasks are worth remembering.
  package static var isOn: Bool {
    get { handlers.value }
    set { handlers.value = newValue }
  }

  private static let sender = Published<(@Sendable (LogRecord) -> Void)?>(nil)
  private static let handlers = Published(false)

  /// The text values of the metadata of the present task's logger: trace ids and the like.
  package static var callersMetadata: [String: String] {
    let logger = Logger.current
    let metadata = logger.handler.metadata.merging(logger.metadataProvider?.get() ?? [:]) { $1 }
    return metadata.compactMapValues { value in
      switch value {
      case .string(let text): text
      case .stringConvertible(let value): value.description
      case .array, .dictionary: nil
      @unknown default: nil
      }
    }
  }
}
