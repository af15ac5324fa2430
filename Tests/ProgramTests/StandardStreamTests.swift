internal import Foundation
internal import Testing

@Suite("Stdio")
struct StdioTests {
  @Test("Lines of children that share a pipe are whole")
  func linesAreWhole() async throws {
    let ending = try await run("Stdio", "lines")
    #expect(ending.status == 0 && ending.errorLines.isEmpty)
    let lengths = Array(stride(from: 1, to: 4000, by: 37))
    for letter in ["a", "b", "c", "d"] as [Character] {
      let lines = ending.lines.filter { $0.first == letter }
      #expect(lines.allSatisfy { line in line.allSatisfy { $0 == letter } })
      #expect(lines.map(\.count) == lengths)
    }
    #expect(ending.lines.count == 4 * lengths.count)
  }

  @Test("A parent without standard streams starts children, which have /dev/null")
  func startsWithoutStreams() async throws {
    let program = try await ProgramBuilder.shared.executable("Stdio")
    let file = FileManager.default.temporaryDirectory.appending(path: "streams-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let ending = try await RunningProgram(
      URL(filePath: "/bin/sh"), ["-c", #"exec "$0" closed "$1" <&- >&- 2>&-"#, program.path, file.path]
    ).end()
    #expect(ending.printed([]), "\(ending)")
    let null = "/dev/null"
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    try #require(lines.count == 3)
    for (line, method) in zip(lines, ["spawn", "forkServer", "fork"]) {
      #expect(line.hasPrefix("\(method) [\"\(null)\", \"\(null)\", \"") && line.hasSuffix("] exit code 0"), "\(line)")
    }
  }
}
