internal import Foundation
internal import Testing

/// Runs the applications of `Examples/Apps` as a user does.
@Suite("Applications")
struct AppTests {
  @Test("The words of a directory are counted, with progress and insights on standard error")
  func countsWords() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "mp-words-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "below"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in [
      ("a.txt", "one two two"), ("b.md", "Two, three."), ("below/c.txt", "three two"), ("d.log", "no"),
    ] {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let run = try await ProgramRun(folder.path, "2", program: "word-count")
    #expect(run.status == 0)
    #expect(run.lines == ["7 words, 3 different, in 3 files", "4\ttwo", "2\tthree"])
    #expect(run.errorLines.contains { $0.hasPrefix("Counting: 100%, 3/3") })
    #expect(run.errorLines.contains { $0.hasPrefix("run times: p50") })
  }

  @Test("Counting words asks for a directory, and says why it has none")
  func refusesToCount() async throws {
    #expect(try await ProgramRun(program: "word-count").status == 64)
    let run = try await ProgramRun("/nowhere/at/all", program: "word-count")
    #expect(run.status == 1 && !run.errorLines.isEmpty)
  }

  @Test("Hostile documents are refused one by one, and the program survives them")
  func survives() async throws {
    let run = try await ProgramRun(program: "safe-decoder")
    #expect(run.endedByItself && run.status == 0)
    #expect(
      run.lines == [
        "plain: sum 10", "repeated: sum 30", "cut short: malformed at -1",
        "too deep: refused: it crashed the decoder", "too large a number: refused: it crashed the decoder",
        "large: sum 8999991", "a bomb: refused: it wants too much memory",
        "slow: refused: it takes too long", "plain again: sum 42",
      ])
  }
}
