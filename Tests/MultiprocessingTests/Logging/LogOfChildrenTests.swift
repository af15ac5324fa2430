import Foundation
import Logging
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

@Suite(.isolated) struct LogOfChildrenTests {
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
