import Logging
import MultiprocessingSystem
import Synchronization
import Testing

@testable import Multiprocessing

/// One destination for the whole process, which children inherit: apart from all tests that start some.
@Suite(.isolated) final class EventLogTests {
  deinit { EventLog.turnOff() }

  @Test func `nothing is logged, or even put into words, before somebody asks`() {
    EventLog.turnOff()
    var asked = 0
    EventLog.critical(
      {
        asked += 1
        return "never read"
      }())
    #expect(asked == 0)
    #expect(EventLog.level == nil)
    #expect(EventLog.levelForChildren == nil)
  }

  @Test func `a line on standard error reads as CPython's, in one write`() {
    let lines = LineKeeper()
    EventLog.send(to: .standardError(level: .info, write: lines.keep))
    EventLog.info("child process calling self.run()")
    #expect(lines.all.contains("[INFO/\(ProcessIdentity.currentName)] child process calling self.run()\n"))
  }

  @Test func `facts stand behind the message, in order`() {
    let lines = LineKeeper()
    EventLog.send(to: .standardError(level: .trace, write: lines.keep))
    EventLog.trace("worker replaced", metadata: ["pid": "17", "attempt": "2"])
    #expect(lines.all.contains { $0.hasPrefix("[TRACE/") && $0.hasSuffix("] worker replaced attempt=2 pid=17\n") })
  }

  @Test(arguments: LogLevel.allCases)
  func `events below the level are left out`(level: LogLevel) {
    let lines = LineKeeper()
    EventLog.send(to: .standardError(level: level, write: lines.keep))
    EventLog.trace("mark trace")
    EventLog.debug("mark debug")
    EventLog.info("mark info")
    EventLog.warning("mark warning")
    EventLog.critical("mark critical")
    let used: [LogLevel] = [.trace, .debug, .info, .warning, .critical]
    for candidate in used {
      let isLogged = lines.all.contains { $0.hasSuffix("mark \(candidate)\n") }
      #expect(isLogged == (candidate >= level))
    }
  }

  @Test func `a logger of the user's receives message, level, facts and place`() {
    let events = EventKeeper()
    var logger = Logger(label: "test") { _ in KeepingHandler(keeper: events) }
    logger.logLevel = .debug
    logEvents(to: logger)
    EventLog.debug("a mark", metadata: ["queue": "3"])
    let event = events.all.first { "\($0.message)" == "a mark" }
    #expect(event?.level == .debug)
    #expect(event?.metadata == ["queue": "3"])
    #expect(event?.file.hasSuffix("EventLogTests.swift") == true)
    #expect(event?.source == "Multiprocessing")
  }

  @Test func `children are told the level for standard error`() {
    logToStandardError(level: .critical)
    #expect(EventLog.level == .critical)
    #expect(EventLog.levelForChildren == .critical)
  }

  @Test func `children are silent where the user's own logger is at work`() {
    logEvents(to: Logger(label: "test") { _ in KeepingHandler(keeper: EventKeeper()) })
    #expect(EventLog.level == .trace)
    #expect(EventLog.levelForChildren == nil)
  }

  @Test func `a forked copy forgets the user's logger and keeps ours`() {
    logToStandardError(level: .critical)
    EventLog.forgetUsersLogger()
    #expect(EventLog.level == .critical)
    logEvents(to: Logger(label: "test") { _ in KeepingHandler(keeper: EventKeeper()) })
    EventLog.forgetUsersLogger()
    #expect(EventLog.level == nil)
  }
}

private final class LineKeeper: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  var keep: @Sendable ([UInt8]) -> Void {
    { bytes in self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
  }
}

private final class EventKeeper: Sendable {
  private let events = Mutex<[LogEvent]>([])
  var all: [LogEvent] { events.withLock { $0 } }
  func keep(_ event: LogEvent) { events.withLock { $0.append(event) } }
}

private struct KeepingHandler: LogHandler {
  let keeper: EventKeeper
  var logLevel = Logger.Level.trace
  var metadata: Logger.Metadata = [:]

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { keeper.keep(event) }
}
