package import Logging

/// A log record on its way from a worker to its parent.
package struct LogRecord: Sendable {
  package var label: String
  package var level: Logger.Level
  package var message: String
  package var metadata: [String: String]
  /// The task that wrote it; nil for none, and for the initializer.
  package var task: UInt64?
  var source: String
  var file: String
  var function: String
  var line: UInt
}

/// The record as it crosses: fields in the order of `bytes`.
extension LogRecord {
  package var bytes: [UInt8] {
    var fields = FieldWriter()
    for text in [label, level.rawValue, message, source, file, function] { fields.put(text) }
    fields.put(Int64(line))
    fields.put(task.map { Int64(bitPattern: $0) })
    fields.put(metadata.flatMap { [$0.key, $0.value] })
    return fields.bytes
  }

  /// Nil for a message that is no record.
  package init?(in payload: TransferPayload) {
    guard let bytes = try? payload.withContent(Array.init) else { return nil }
    self.init(bytes: bytes)
  }

  /// Nil for bytes that are no record.
  package init?(bytes: [UInt8]) {
    var fields = FieldReader(bytes)
    do {
      label = try fields.text()
      guard let level = Logger.Level(rawValue: try fields.text()) else { return nil }
      self.level = level
      message = try fields.text()
      source = try fields.text()
      file = try fields.text()
      function = try fields.text()
      line = UInt(clamping: try fields.number())
      task = try fields.optionalNumber().map { UInt64(bitPattern: $0) }
      let texts = try fields.optionalTexts() ?? []
      metadata = [:]
      for index in stride(from: 0, to: texts.count - 1, by: 2) { metadata[texts[index]] = texts[index + 1] }
    } catch {
      return nil
    }
  }
}

extension LogRecord {
  /// Hands the record to a logger of this process. What the record says itself comes before what is said about it.
  package func write(to logger: Logger, about origin: [String: String]) {
    let all = origin.merging(metadata) { $1 }
    logger.log(
      level: level, "\(message)", metadata: all.mapValues { .string($0) }, source: source, file: file,
      function: function, line: line)
  }
}
