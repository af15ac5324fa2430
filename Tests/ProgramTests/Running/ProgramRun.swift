internal import Foundation

/// Builds a program of `Tests/Programs` and runs it to its end.
func run(_ name: String, _ arguments: String..., environment: [String: String] = [:]) async throws -> ProgramEnding {
  try await RunningProgram(ProgramBuilder.shared.executable(name), arguments, environment: environment).end()
}

/// Whether a command ends with 0: what a test needs of the machine.
func succeeds(_ command: String, _ arguments: [String]) -> Bool {
  let process = Process()
  process.executableURL = URL(filePath: command)
  process.arguments = arguments
  (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
  guard (try? process.run()) != nil else { return false }
  process.waitUntilExit()
  return process.terminationReason == .exit && process.terminationStatus == 0
}
