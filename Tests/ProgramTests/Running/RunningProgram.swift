internal import Foundation

/// A program that runs, and what it has printed so far.
struct RunningProgram {
  struct Silent: Error, CustomStringConvertible {
    let description: String
  }

  private let process = Process()
  private let input = Pipe()
  private let output: PrintedLines
  private let errors: PrintedLines
  private let watchdog: Task<Void, any Error>

  var id: Int32 { process.processIdentifier }

  /// Starts it. It is killed when it runs longer than any program here has reason to.
  init(
    _ file: URL, _ arguments: [String] = [], environment: [String: String] = [:], directory: URL? = nil
  ) throws {
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = file
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = directory
    (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
    try process.run()
    self.output = PrintedLines(of: output)
    self.errors = PrintedLines(of: errors)
    let id = process.processIdentifier
    watchdog = Task {
      try await Task.sleep(for: .seconds(100))
      kill(id, SIGKILL)
    }
  }

  /// Writes a line to its standard input.
  func send(_ line: String) throws {
    // To a program that has ended: an error here, and not the end of the tests by SIGPIPE.
    var (pipe, before) = (sigset_t(), sigset_t())
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    defer {
      var none = timespec()
      while sigtimedwait(&pipe, nil, &none) == SIGPIPE {}
      pthread_sigmask(SIG_SETMASK, &before, nil)
    }
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
  }

  /// Waits until it has printed `count` lines that match a pattern, and returns what its only group found in each.
  func captures(_ pattern: String, count: Int) async throws -> [String] {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      let isOver = output.hasEnded
      let found = try output.lines.captures(pattern)
      if found.count >= count { return found }
      if isOver { break }
      try await Task.sleep(for: .milliseconds(2))
    }
    throw Silent(description: "not \(count) lines like \(pattern) in \(output.lines), \(errors.lines)")
  }

  /// Waits until it has ended, and all that hold its output.
  func end() async throws -> ProgramEnding {
    try? input.fileHandleForWriting.close()
    while !output.hasEnded || !errors.hasEnded { try await Task.sleep(for: .milliseconds(2)) }
    process.waitUntilExit()
    watchdog.cancel()
    return ProgramEnding(
      status: process.terminationStatus, isExit: process.terminationReason == .exit, lines: output.lines,
      errorLines: errors.lines)
  }
}

/// How a program ended, and all it printed.
struct ProgramEnding: Sendable {
  var status: Int32
  var isExit: Bool
  var lines: [String]
  var errorLines: [String]

  /// It returned from `main` and printed nothing but these lines.
  func printed(_ expected: [String]) -> Bool { isExit && status == 0 && lines == expected && errorLines.isEmpty }
}

extension [String] {
  /// What the pattern's only group found, in each line that the whole pattern matches.
  func captures(_ pattern: String) throws -> [String] {
    let regex = try Regex(pattern)
    return compactMap { $0.wholeMatch(of: regex)?.output[1].substring.map(String.init) }
  }
}
