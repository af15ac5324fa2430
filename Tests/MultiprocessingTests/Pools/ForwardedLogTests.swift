import Foundation
import Logging
import Synchronization
import Testing

@testable import Multiprocessing

/// Keeps what is logged, as lines: level, label, message, metadata in order of their names.
private struct KeepingLogHandler: LogHandler {
  static let lines = Mutex<[String]>([])
  let label: String
  var logLevel = Logger.Level.debug
  var metadata: Logger.Metadata = [:]
  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let facts = all.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    Self.lines.withLock { $0.append("\(event.level) \(label): \(event.message) \(facts)") }
  }
}

/// A program whose logging system keeps what it is given, and whose pool logs into it.
private struct ForwardingProgram: ProcessTask {
  enum Part: String, Codable, CaseIterable { case order, crash, metadata, levels }
  var part: Part

  func run() async throws -> [String] {
    LoggingSystem.bootstrap { KeepingLogHandler(label: $0) }
    var configuration = ProcessPool.Configuration()
    configuration.forwardedLogLevel = .info
    try await withProcessPool(workers: part == .order ? 2 : 1, configuration: configuration) { pool in
      switch part {
      case .order: try await pool.map(0..<50) { _ in Logger(label: "work").info("item \(Turn.next())") }
      case .crash:
        _ = try? await pool.run {
          for step in 0..<20 { Logger(label: "work").info("step \(step)") }
          raise(SIGKILL)
        }
      case .metadata:
        var logger = Logger(label: "caller")
        logger[metadataKey: "trace"] = "t-42"
        logger[metadataKey: "list"] = ["no", "text"]
        try await withLogger(logger) { _ in
          try await pool.run { Logger(label: "work").warning("said", metadata: ["own": "\(7)"]) }
          let stream = pool.stream([1]) { number in
            Logger(label: "work").info("streamed \(number)")
            return number
          }
          for try await _ in stream {}
          try await pool.map([2]) { Logger(label: "work").info("mapped \($0)") }
        }
      case .levels:
        try await pool.run {
          Logger(label: "work").debug("below")
          Logger(label: "work").error("above")
        }
      }
    }
    return KeepingLogHandler.lines.withLock { $0 }
  }
}

/// Counts what a worker has logged: which inputs it gets, and in which order, is the pool's affair.
private enum Turn {
  private static let count = Atomic(0)

  static func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}

@Suite(.isolated) struct ForwardedLogTests {
  private func lines(of part: ForwardingProgram.Part) async throws -> [String] {
    let child = try ChildProcess.start(ForwardingProgram(part: part), name: "program")
    return try await child.value
  }

  @Test func `records arrive in the parent's handler, in order for each worker`() async throws {
    let lines = try await lines(of: .order)
    #expect(lines.count == 50)
    for worker in 1...2 {
      let items = lines.filter { $0.hasSuffix("worker=\(worker)") }
        .compactMap { $0.firstMatch(of: /item (\d+)/)?.1 }.compactMap { Int($0) }
      #expect(items == Array(items.indices))
    }
    let pattern = /info work: item \d+ process=PoolWorker-\S+ task=\d+ worker=[12]/
    #expect(lines.allSatisfy { $0.wholeMatch(of: pattern) != nil }, "\(lines.first ?? "")")
  }

  @Test func `what is logged right before the end of a worker arrives`() async throws {
    let lines = try await lines(of: .crash)
    #expect(lines.compactMap { $0.firstMatch(of: /step (\d+)/)?.1 }.compactMap { Int($0) } == Array(0..<20))
  }

  @Test func `text metadata of the caller's logger travels with the task`() async throws {
    let lines = try await lines(of: .metadata)
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.contains("trace=t-42") && !$0.contains("list=") }, "\(lines)")
    #expect(lines.first?.hasPrefix("warning work: said own=7 process=") == true)
  }

  @Test func `records below the level stay where they are`() async throws {
    let lines = try await lines(of: .levels)
    #expect(lines.count == 1 && lines[0].hasPrefix("error work: above"))
  }

  @Test func `without the level workers log by themselves`() async throws {
    try await withWorkers(1) { pool in
      let isOn = try await pool.run { LogForwarding.isOn }
      #expect(!isOn)
    }
  }

  @Test func `records cross as they are, and bytes that are none are refused`() {
    let record = LogRecord(
      label: "l", level: .notice, message: "m\n", metadata: ["a": "1", "b": ""], task: .max, source: "s", file: "f",
      function: "g()", line: 3)
    let copy = LogRecord(bytes: record.bytes)
    #expect(copy?.metadata == record.metadata && copy?.task == .max && copy?.line == 3 && copy?.message == "m\n")
    for count in record.bytes.indices { #expect(LogRecord(bytes: Array(record.bytes.prefix(count))) == nil) }
  }
}
