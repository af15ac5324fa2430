internal import Foundation

/// One run of a built executable of the package, to its end.
struct ProgramRun: Sendable {
  let processID: Int32
  let endedByItself: Bool
  let status: Int32
  /// What it and its children wrote, without empty lines.
  let lines: [String]
  let errorLines: [String]

  /// Runs the program with these arguments; ends it when it takes longer than the watchdog allows.
  init(_ arguments: String..., program: String = "examples", watchdog: Duration = .seconds(60)) async throws {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = Self.folder.appending(path: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()

    processID = process.processIdentifier
    let id = processID
    let guardian = Task {
      try await Task.sleep(for: watchdog)
      kill(id, SIGKILL)
    }
    defer { guardian.cancel() }

    // A pipe ends with the last process that holds it: a child left behind by the program would be waited for here.
    async let outputLines = Self.lines(of: output)
    async let errorLines = Self.lines(of: errors)
    lines = await outputLines
    self.errorLines = await errorLines
    process.waitUntilExit()
    endedByItself = process.terminationReason == .exit
    status = process.terminationStatus
  }

  /// What the pattern's only capture found, in each line that the pattern matches.
  func captures(_ pattern: String) throws -> [String] {
    let regex = try Regex(pattern)
    return lines.compactMap { line in
      line.wholeMatch(of: regex)?.output[1].substring.map(String.init)
    }
  }

  /// The programs are built into the folder that holds the bundle of the tests.
  private static let folder: URL = {
    let bundle = Bundle.allBundles.first { $0.bundleURL.pathExtension == "xctest" }
    return bundle?.bundleURL.deletingLastPathComponent() ?? Bundle.main.bundleURL
  }()

  /// Reads on a thread of its own: a read to the end blocks.
  private static func lines(of pipe: Pipe) async -> [String] {
    let reading = pipe.fileHandleForReading
    let data = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: reading.readDataToEndOfFile()) }
    }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
