internal import Foundation
internal import Testing

@Suite("Directories")
struct DirectoriesTests {
  @Test("Children are in their parent's directory, even one that was deleted, and listeners keep to theirs")
  func followsDirectories() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "directories-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let ending = try await run("Directories", folder.path)
    #expect(
      ending.printed([
        "listener hello true", "closed false", "spawn same true", "spawn lost true", "forkServer same true",
        "forkServer lost true",
      ]), "\(ending)")
  }
}
