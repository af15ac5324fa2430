public import Logging

/// How important an event is: swift-log's own levels.
///
/// The library uses five of them: `critical` for a pool whose initializer fails, `warning` for hazards (a fork of a
/// process that has other threads), `info` for the life of processes (started, ended), `debug` and `trace` for
/// bookkeeping. A program that is compiled with `MemberImportVisibility` imports `Logging` to name them.
public typealias LogLevel = Logger.Level

/// Writes the library's own events to standard error, one line each with the name of the process it is about.
///
/// ```swift
/// logToStandardError()
/// try await ChildProcess.start { print("hello") }.join()
/// // [INFO/Process-1] child process calling self.run()
/// ```
///
/// Children started from now on do the same, at the same level. Without a call of this function or of
/// ``logEvents(to:)`` the library prints nothing. The later call replaces the earlier.
///
/// - Parameter level: Events below it are left out.
public func logToStandardError(level: LogLevel = .info) {
  EventLog.send(to: .standardError(level: level))
}

/// Hands the library's own events to a logger of yours.
///
/// Its `logLevel` decides which. The logger stays in this process: children are separate programs, and say nothing
/// unless they call this function themselves, for example in the initializer of a pool. A child of
/// `ChildProcess.fork` starts silent too, because the logger's locks may have been held by another
/// thread when it was copied.
///
/// - Parameter logger: What receives the events, from any thread.
public func logEvents(to logger: Logger) {
  EventLog.send(to: .logger(logger))
}
