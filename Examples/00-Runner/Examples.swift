internal import Foundation

/// `examples list`, `examples run NAME`, `examples all`.
@main
enum Examples {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      switch arguments.first {
      case "list" where arguments.count == 1: list()
      case "run" where arguments.count == 2: try await run(arguments[1])
      case "all" where arguments.count == 1: try runAll()
      default: fail("usage: examples list | examples run NAME | examples all", status: 64)
      }
    } catch {
      fail("\(error)", status: 1)
    }
  }

  private static func list() {
    for program in Program.all {
      let rows = program.rows.map(String.init).joined(separator: ",")
      print(program.name, rows, program.chapter, program.summary, separator: "\t")
    }
  }

  /// Runs in this very process, so that a program shows what happens when it ends.
  private static func run(_ name: String) async throws {
    guard let program = Program.all.first(where: { $0.name == name }) else {
      fail("no program is called \(name); see: examples list", status: 64)
    }
    try await program.run()
  }

  private static func fail(_ message: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(status)
  }
}
