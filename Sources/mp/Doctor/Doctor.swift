internal import ArgumentParser
internal import Foundation

/// What this machine offers the library.
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what this machine offers; exits with 1 when something that the library needs is missing.")

  @Flag(help: "Write JSON.")
  var json = false

  func run() async throws {
    let diagnosis = await Diagnosis.make()
    print(json ? try encoded(diagnosis) : diagnosis.text)
    if !diagnosis.isHealthy { throw ExitCode(1) }
  }

  private func encoded(_ diagnosis: Diagnosis) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(diagnosis), as: UTF8.self)
  }
}
