internal import Foundation
internal import Testing

@Suite("ScarceMemory")
struct ScarceMemoryTests {
  /// Runs a command where /dev/shm has room for a megabyte.
  private static func arguments(_ command: String...) -> [String] {
    ["-m", "sh", "-c", #"mount -t tmpfs -o size=1m none /dev/shm && exec "$0""#] + command
  }

  @Test(
    "Little room in /dev/shm is an error for memory with a name, and nothing to all else",
    .enabled(if: canMount))
  func staysWithinRoom() async throws {
    let program = try await ProgramBuilder.shared.executable("ScarceMemory")
    let ending = try await RunningProgram(URL(filePath: "/usr/bin/unshare"), Self.arguments(program.path)).end()
    #expect(
      ending.printed([
        "anonymous 8388608", "named outOfMemory", "small 65536", "queue 8388608", "pool 8388608",
      ]), "\(ending)")
  }

  private static let canMount = succeeds("/usr/bin/unshare", arguments("/bin/true"))
}
