internal import Foundation

extension Examples {
  /// Runs every program in a process of its own, and exits with 1 when any of them failed.
  static func runAll() throws {
    var failed: [String] = []
    for program in Program.all {
      let rows = program.rows.map(String.init).joined(separator: ", ")
      print("\n== \(program.name) (\(rows)): \(program.summary)")
      if try status(ofRunning: program) != 0 { failed.append(program.name) }
    }
    let names = failed.isEmpty ? "" : ": " + failed.joined(separator: ", ")
    print("\n\(Program.all.count) programs, \(failed.count) failed\(names)")
    if !failed.isEmpty { exit(1) }
  }

  private static func status(ofRunning program: Program) throws -> Int32 {
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments = ["run", program.name]
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
