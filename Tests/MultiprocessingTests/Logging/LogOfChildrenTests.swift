import Foundation
import Logging
import Synchronization
import Testing

@testable import Multiprocessing

/// What a program that logs prints, with its children: run in a child, whose standard error can be taken.
struct LoggingProgram: ProcessTask {
  var level: String
  var method: StartMethod

  func run() async throws -> [String] {
    let method = method
    let text = try await output(of: 2) {
      logToStandardError(level: LogLevel(rawValue: level) ?? .info)
      if method == .fork {
        try await ChildProcess.fork(name: "logged") { EventLog.debug("said by the child") }.join()
      } else {
        try await ChildProcess.start(name: "logged", context: ProcessContext(method)) {
          EventLog.debug("said by the child")
        }.join()
      }
      EventLog.turnOff()
    }
    return text.split(separator: "\n").map(String.init)
  }
}

/// A program that logs all it does where nobody reads it: on the reactor's thread too.
struct UnreadLogProgram: ProcessTask {
  func run() async throws -> Int {
    try await withUnreadStandardError {
      logToStandardError(level: .trace)
      defer { EventLog.turnOff() }
      return try await withProcessPool(workers: 2) { pool in
        for _ in 0..<3 { _ = try? await pool.run { raise(SIGKILL) } }
        return try await pool.map(0..<20) { $0 }.count
      }
    }
  }
}

/// A program whose logger waits for ever, or asks the pool that logs.
struct BadLoggerProgram: ProcessTask {
  enum Manner: String, Codable, CaseIterable { case waits, asks }

  var manner: Manner
  private static let pool = Mutex<ProcessPool?>(nil)

  private struct Handler: LogHandler {
    let manner: Manner
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.trace

    init(_ manner: Manner) { self.manner = manner }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(
      level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String, file: String,
      function: String, line: UInt
    ) {
      if manner == .waits { sleep(3600) }
      _ = try? BadLoggerProgram.pool.withLock { $0 }?.blocking.run { 1 }
    }
  }

  func run() async throws -> [Int] {
    try await withProcessPool(workers: 2) { pool in
      Self.pool.withLock { $0 = pool }
      defer { Self.pool.withLock { $0 = nil } }
      logEvents(to: Logger(label: "bad") { [manner] _ in Handler(manner) })
      defer { EventLog.turnOff() }
      for _ in 0..<3 { _ = try? await pool.run { raise(SIGKILL) } }
      return try await pool.map(0..<20) { $0 }
    }
  }
}

@Suite(.isolated) struct LogOfChildrenTests {
  @Test(arguments: BadLoggerProgram.Manner.allCases)
  func `a logger that waits, or asks the pool, stops nothing`(manner: BadLoggerProgram.Manner) async throws {
    #expect(try await ChildProcess.start(BadLoggerProgram(manner: manner)).value == Array(0..<20))
  }

  @Test func `a log that nobody reads stops nothing`() async throws {
    #expect(try await ChildProcess.start(UnreadLogProgram()).value == 20)
  }

  @Test(arguments: StartMethod.available)
  func `children log the stages of their lives, as CPython's do`(method: StartMethod) async throws {
    let lines = try await ChildProcess.start(LoggingProgram(level: "info", method: method), name: "program").value
    let own = lines.filter { $0.hasPrefix("[INFO/logged]") }
    #expect(
      own == [
        "[INFO/logged] child process calling self.run()", "[INFO/logged] process shutting down",
        "[INFO/logged] process exiting with exit code 0",
      ])
    #expect(lines.contains("[INFO/program] process logged ended with exit code 0"))
    #expect(!lines.contains { $0.contains("said by the child") })
  }

  @Test(arguments: StartMethod.available)
  func `children inherit the level`(method: StartMethod) async throws {
    let debug = try await ChildProcess.start(LoggingProgram(level: "debug", method: method)).value
    #expect(debug.contains("[DEBUG/logged] said by the child"))
    let critical = try await ChildProcess.start(LoggingProgram(level: "critical", method: method)).value
    #expect(critical.isEmpty)
  }

  @Test func `a fork beside other threads is warned of`() async throws {
    let lines = try await ChildProcess.start(LoggingProgram(level: "warning", method: .fork), name: "program").value
    #expect(lines.count == 1)
    #expect(lines.first?.hasPrefix("[WARNING/program] forking a process that has") == true)
  }

  @Test(arguments: StartMethod.forTasks)
  func `without a call nothing is logged, in parents and children`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      try await output(of: 2) {
        let level = try await ChildProcess.start(context: ProcessContext(method)) { EventLog.level == nil }.value
        if !level || EventLog.level != nil { FileHandle.standardError.write(Data("a level is set".utf8)) }
      }
    }
    #expect(try await child.value == "")
  }
}
