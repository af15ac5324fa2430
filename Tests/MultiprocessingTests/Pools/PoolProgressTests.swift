import Foundation
import Testing

@testable import Multiprocessing

/// What a program with a pool shows of its progress, where standard error is no terminal. In a child, whose standard error
/// can be taken.
struct ProgressProgram: ProcessTask {
  enum Work: String, Codable { case map, stream, unknownCount }
  var work: Work

  func run() async throws -> [String] {
    let text = try await output(of: 2) {
      try await withProcessPool(workers: 2) { pool in
        let options = MapOptions.progress(.bar("Work"))
        switch work {
        case .map: _ = try await pool.map(0..<20, options: options) { $0 }
        case .stream:
          let outcomes = pool.stream(0..<10, options: options) { number in
            if number == 3 { throw CodableFailure(reason: "wanted", places: []) }
            if number == 5 { raise(SIGKILL) }
            return number
          }
          for await _ in outcomes.results {}
        case .unknownCount:
          let inputs = AsyncStream { continuation in
            for number in 0..<3 { continuation.yield(number) }
            continuation.finish()
          }
          for try await _ in pool.stream(inputs, options: options, { $0 }) {}
        }
      }
    }
    return text.split(separator: "\n").map(String.init)
  }
}

/// A pool that shows its progress where nobody reads it.
struct UnreadProgressProgram: ProcessTask {
  func run() async throws -> Int {
    try await withUnreadStandardError {
      try await withProcessPool(workers: 1) { pool in
        try await pool.map(0..<20, options: .progress(.bar("Work"))) { $0 }.count
      }
    }
  }
}

/// A pool whose workers write where nobody reads it.
struct UnreadLinesProgram: ProcessTask {
  var isTerminal: Bool

  func run() async throws -> Bool {
    try await withUnreadStandardError(isTerminal: isTerminal) {
      try await withProcessPool(workers: 2) { pool in
        try await pool.run {
          for number in 0..<3000 {
            FileHandle.standardError.write(Data("line \(number) of a worker that has much to say\n".utf8))
          }
        }
        do {
          try await pool.run(options: .timeout(.milliseconds(200))) { try await Task.sleep(for: .seconds(3600)) }
        } catch let error as MultiprocessingError where error.code == .timedOut {
          return true
        }
        return false
      }
    }
  }
}

@Suite(.isolated) struct PoolProgressTests {
  @Test(arguments: [true, false])
  func `workers that write where nobody reads stop nothing`(isTerminal: Bool) async throws {
    #expect(try await ChildProcess.start(UnreadLinesProgram(isTerminal: isTerminal)).value)
  }

  @Test func `progress that nobody reads stops nothing`() async throws {
    #expect(try await ChildProcess.start(UnreadProgressProgram()).value == 20)
  }

  @Test(
    arguments: [
      (.map, #"Work: 100%, 20/20, .*\d+:\d\d elapsed"#),
      (.stream, #"Work: 100%, 10/10, .*\d+:\d\d elapsed, 2 failed, 1 restart"#),
      (.unknownCount, #"Work: 3 done, .*\d+:\d\d elapsed"#),
    ] as [(ProgressProgram.Work, String)])
  func `maps and streams show how far they got`(work: ProgressProgram.Work, last: String) async throws {
    let lines = try await ChildProcess.start(ProgressProgram(work: work)).value
    let shown = lines.filter { $0.hasPrefix("Work") }
    #expect(try shown.last?.wholeMatch(of: Regex(last)) != nil, "\(lines)")
  }
}
