internal import Foundation

/// Builds a program of `Tests/Programs` and runs it to its end.
func run(_ name: String, _ arguments: String..., environment: [String: String] = [:]) async throws -> ProgramEnding {
  try await RunningProgram(ProgramBuilder.shared.executable(name), arguments, environment: environment).end()
}
