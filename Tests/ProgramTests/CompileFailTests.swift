internal import Foundation
internal import Testing

/// Wrong uses that the compiler refuses, each a file whose first line says what the error has to say.
@Suite("CompileFail")
struct CompileFailTests {
  /// Diagnostics come from the public interface alone, which is the same in every build.
  static let files = (try? Repository.swiftFiles(in: Repository.compileFailures)) ?? []
  private static let turns = Turns(count: ProcessInfo.processInfo.activeProcessorCount)

  @Test("A wrong use does not compile, and for one reason", arguments: files.map(\.lastPathComponent))
  func doesNotCompile(_ name: String) async throws {
    let file = Repository.compileFailures.appending(path: name)
    let expected = try #require(try Repository.note("error", in: file))
    let arguments = Toolchain.searchPaths + ["-typecheck", "-diagnostic-style", "llvm", file.path]
    // A single file is a script, unless something else is said.
    let form = name.hasPrefix("TopLevel") ? [] : ["-parse-as-library"]
    let ending = try await Self.turns.take { try await Toolchain.compile(arguments + form) }
    let errors = ending.errorLines.filter { $0.contains(": error: ") }
    #expect(ending.status != 0 && !errors.isEmpty)
    #expect(errors.allSatisfy { $0.contains(expected) }, "\(errors)")
  }
}
