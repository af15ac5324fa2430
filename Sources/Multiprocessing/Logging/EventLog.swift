package import Logging
internal import MultiprocessingSystem
internal import Synchronization

/// The library's own events. Off until the user asks, and then the cost of an event is one relaxed load.
///
/// No lock is held but some that each process has for itself: a forked copy can use it whatever the other threads were doing.
package enum EventLog {
  /// An immutable object, replaced as a whole.
  ///
  /// The old one is kept for ever, because a thread may be using it: a program chooses its log a few times at most.
  // SAFETY: nothing releases what was once stored here.
  private static let current = Atomic<Unmanaged<EventLogDestination>?>(nil)

  package static func send(to destination: EventLogDestination) {
    if destination.isOurs { prepareRuntime() }
    publish(destination)
  }

  /// Logs once to nowhere, so that the runtime has made every generic type on the way.
  ///
  /// Making one takes a lock of the runtime. A copy forked while another thread holds it waits for ever (seen in
  /// `swift_getGenericMetadata`, in two of six trials with four busy threads); looking up one that is made takes none.
  private static func prepareRuntime() {
    publish(.standardError(level: .info, write: { _ in }))
    info("process", metadata: ["id": "\(ProcessIdentity.currentID)"])
    StandardErrorWriter.current.write([])
  }

  private static func publish(_ destination: EventLogDestination) {
    // SAFETY: releasing pairs with acquiring in `destination`: a reader sees a whole object. Never released.
    current.store(.passRetained(destination), ordering: .releasing)
  }

  package static func turnOff() {
    // SAFETY: null tells nothing about other memory.
    current.store(nil, ordering: .relaxed)
  }

  /// The least level that is logged; nil when nothing is.
  package static var level: LogLevel? { destination?.level }

  /// What a child started from here is to log on its standard error; nil where it is to be silent: a logger of the
  /// user's cannot cross.
  package static var levelForChildren: LogLevel? {
    destination.flatMap { $0.isOurs ? $0.level : nil }
  }

  /// First thing in a forked copy: the locks of the user's logger may have been held by a thread that does not exist here.
  package static func forgetUsersLogger() {
    if let destination, !destination.isOurs { turnOff() }
  }

  private static var destination: EventLogDestination? {
    // SAFETY: null tells nothing about other memory, so it needs no ordering.
    guard current.load(ordering: .relaxed) != nil else { return nil }
    // SAFETY: acquiring pairs with releasing in `send`; the object is never released.
    return current.load(ordering: .acquiring)?.takeUnretainedValue()
  }
}

extension EventLog {
  package static func trace(
    _ message: @autoclosure () -> String, metadata: @autoclosure () -> Logger.Metadata? = nil,
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    log(.trace, message, metadata, file, function, line)
  }

  package static func debug(
    _ message: @autoclosure () -> String, metadata: @autoclosure () -> Logger.Metadata? = nil,
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    log(.debug, message, metadata, file, function, line)
  }

  package static func info(
    _ message: @autoclosure () -> String, metadata: @autoclosure () -> Logger.Metadata? = nil,
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    log(.info, message, metadata, file, function, line)
  }

  package static func warning(
    _ message: @autoclosure () -> String, metadata: @autoclosure () -> Logger.Metadata? = nil,
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    log(.warning, message, metadata, file, function, line)
  }

  package static func critical(
    _ message: @autoclosure () -> String, metadata: @autoclosure () -> Logger.Metadata? = nil,
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    log(.critical, message, metadata, file, function, line)
  }

  private static func log(
    _ level: LogLevel, _ message: () -> String, _ metadata: () -> Logger.Metadata?, _ file: String,
    _ function: String, _ line: UInt
  ) {
    guard let destination, destination.level <= level else { return }
    let (logger, message, metadata) = (destination.logger, message(), metadata())
    let log: @Sendable () -> Void = {
      logger.log(
        level: level, "\(message)", metadata: metadata, source: "Multiprocessing", file: file, function: function,
        line: line)
    }
    // Our own does not wait. A user's may, and who logs may be about to serve all, or one pool.
    if destination.isOurs { log() } else { LogHandOver.current.perform(log) }
  }
}
