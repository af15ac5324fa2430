internal import Foundation
internal import Testing

/// A program whose file is not where it was, or is started in another way.
@Suite("Steps")
struct StepsTests {
  /// A folder with a copy of the program; removed by the test.
  private func copy(as name: String) async throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "steps-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: name)
    let program = try await ProgramBuilder.shared.executable("Steps")
    // By a process of its own: a copy of this one, made by another test meanwhile, would hold the file open for writing.
    let ending = try await RunningProgram(URL(filePath: "/bin/cp"), [program.path, file.path]).end()
    #expect(ending.status == 0)
    return file
  }

  private func remove(_ file: URL) { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }

  private static let methods = ["spawn", "forkServer"]
  private static let lines = ["main of MainProcess", "spawn [1, 4, 9]", "forkServer [1, 4, 9]"]

  private func step(_ program: RunningProgram) async throws -> ProgramEnding {
    for method in Self.methods { try program.send(method) }
    return try await program.end()
  }

  @Test("A program started by its path runs, whatever its name", arguments: ["basic", "basic.script", "two words"])
  func startsByPath(_ name: String) async throws {
    let file = try await copy(as: name)
    defer { remove(file) }
    let ending = try await step(RunningProgram(file))
    #expect(ending.printed(Self.lines), "\(ending)")
  }

  enum Change: String, CaseIterable { case deleted, replaced, renamed }

  @Test("A program whose file was changed goes on as it was", arguments: Change.allCases)
  func goesOn(_ change: Change) async throws {
    let file = try await copy(as: "program")
    defer { remove(file) }
    let program = try RunningProgram(file)
    _ = try await program.captures("(main) of MainProcess", count: 1)
    let other = file.deletingLastPathComponent().appending(path: "other")
    switch change {
    case .deleted: try FileManager.default.removeItem(at: file)
    case .replaced:
      try FileManager.default.copyItem(at: URL(filePath: "/bin/true"), to: other)
      #expect(rename(other.path, file.path) == 0)
    case .renamed: try FileManager.default.moveItem(at: file, to: other)
    }
    let ending = try await step(program)
    #expect(ending.printed(Self.lines), "\(ending)")
  }

  @Test("A program started through a symbolic link runs")
  func startsThroughLink() async throws {
    let file = try await copy(as: "program")
    defer { remove(file) }
    let link = file.deletingLastPathComponent().appending(path: "link")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    let program = try RunningProgram(link)
    _ = try await program.captures("(main) of MainProcess", count: 1)
    try FileManager.default.removeItem(at: link)
    let ending = try await step(program)
    #expect(ending.printed(Self.lines), "\(ending)")
  }

  static let loader = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"].first {
    FileManager.default.fileExists(atPath: $0)
  }

  @Test("A program started by naming the loader runs", .enabled(if: loader != nil))
  func startsThroughLoader() async throws {
    let file = try await copy(as: "program")
    defer { remove(file) }
    let program = try RunningProgram(
      URL(filePath: try #require(Self.loader)), ["./program"], directory: file.deletingLastPathComponent())
    let ending = try await step(program)
    #expect(ending.printed(Self.lines), "\(ending)")
  }

  /// Runs a command alone in a space of process ids, of which the next can be chosen.
  private static let apart = ["-p", "-f", "--mount-proc", "setarch", "-R"]
  private static let canChooseIDs = succeeds(
    "/usr/bin/unshare", apart + ["sh", "-c", "echo 100 >/proc/sys/kernel/ns_last_pid"])

  // Addresses of a program and of its libraries, where they are not placed at random, begin with 0x5555 and 0x7fff.
  @Test(
    "A fork server whose id is the upper half of addresses starts children as others do",
    .enabled(if: canChooseIDs), arguments: [0x5555, 0x7fff], 1...6)
  func startsWithUnluckyID(_ id: Int, _ before: Int) async throws {
    let program = try await RunningProgram(
      URL(filePath: "/usr/bin/unshare"),
      Self.apart + [
        "sh", "-c",
        #"while read -r last; do echo "$last" >/proc/sys/kernel/ns_last_pid; echo forkServer; done | "$0""#,
        ProgramBuilder.shared.executable("Steps").path,
      ])
    _ = try await program.captures("(main) of MainProcess", count: 1)
    try program.send("\(id - before)")
    let ending = try await program.end()
    #expect(ending.printed([Self.lines[0], Self.lines[2]]), "\(ending)")
  }
}
