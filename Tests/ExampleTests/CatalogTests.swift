internal import Foundation
internal import Testing

/// Holds the list of programs against the list of what they must cover, and their files against the limit.
@Suite("The catalog of examples")
struct CatalogTests {
  @Test("Every row has its program")
  func coversEveryRow() async throws {
    let required = Set(1...71).subtracting([17, 18])
    let rows = try await listed().flatMap { columns in columns[1].split(separator: ",").compactMap { Int($0) } }
    #expect(Set(required).subtracting(rows).isEmpty)
    #expect(rows.count == Set(rows).count, "a row is claimed by two programs")
  }

  @Test("Every program has its expectation, and every expectation its program")
  func expectsEveryProgram() async throws {
    let names = try await listed().map { $0[0] }
    #expect(names.sorted() == Expectation.all.map(\.program).sorted())
  }

  @Test("A program fits on a page of forty lines, an application on five")
  func staysShort() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Examples")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter {
      // An application that is a package of its own may have been built where it is.
      $0.hasSuffix(".swift") && !$0.contains("/.build/")
    }
    #expect(paths.contains { $0.hasPrefix("Apps/") })
    #expect(paths.count >= Expectation.all.count)
    for path in paths {
      let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
      #expect(
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().count
          <= (path.hasPrefix("Apps/") ? 200 : 40), "\(path)")
    }
  }

  /// The columns of `examples list`: name, rows, chapter, summary.
  private func listed() async throws -> [[String]] {
    let run = try await ProgramRun("list")
    try #require(run.status == 0)
    // A program of no row has an empty column.
    return run.lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
      .filter { $0.count == 4 }
  }
}
