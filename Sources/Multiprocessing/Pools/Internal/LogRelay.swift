internal import Logging
internal import Synchronization

/// Hands what workers logged to the loggers of this process: in the order of arrival, and in a task of its own, because
/// handlers are code of the user's.
final class LogRelay: Sendable {
  private struct Entry: Sendable {
    let record: LogRecord
    let origin: [String: String]
  }

  private struct State {
    var waiting: [Entry] = []
    var isWriting = false
    var whenIdle: [@Sendable () -> Void] = []
  }

  private let state = Mutex(State())

  func add(_ record: LogRecord, worker: PoolMachine.WorkerID, process: String) {
    var origin = ["process": process, "worker": "\(worker)"]
    // Numbers from there on are the library's own.
    if let task = record.task, task < PoolDriver.exitJob { origin["task"] = "\(task)" }
    let mustWrite = state.withLock { state in
      state.waiting.append(Entry(record: record, origin: origin))
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustWrite { Task.detached { self.write() } }
  }

  /// Calls `body` when everything that was added has been handed on.
  func whenIdle(_ body: @escaping @Sendable () -> Void) {
    let isIdle = state.withLock { state in
      if state.isWriting { state.whenIdle.append(body) }
      return !state.isWriting
    }
    if isIdle { body() }
  }

  private func write() {
    var loggers: [String: Logger] = [:]
    while let entries = take() {
      for entry in entries {
        let label = entry.record.label
        let logger = loggers[label] ?? Logger(label: label)
        loggers[label] = logger
        entry.record.write(to: logger, about: entry.origin)
      }
    }
  }

  /// Nil when there is nothing left; who waited for that is told.
  private func take() -> [Entry]? {
    let (entries, told) = state.withLock { state -> ([Entry], [@Sendable () -> Void]) in
      defer { state.waiting = [] }
      guard state.waiting.isEmpty else { return (state.waiting, []) }
      state.isWriting = false
      defer { state.whenIdle = [] }
      return ([], state.whenIdle)
    }
    for body in told { body() }
    return entries.isEmpty ? nil : entries
  }
}

extension PoolDriver {
  /// What goes with the tasks of the caller; nothing where nobody would see it.
  var callersLogMetadata: [String: String] { settings.forwardsLogs ? LogForwarding.callersMetadata : [:] }
}
