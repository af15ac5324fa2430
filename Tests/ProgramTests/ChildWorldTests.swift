internal import Testing

/// What code in a child may use.
@Suite("Everything")
struct EverythingTests {
  @Test("A child has all of Swift concurrency, Dispatch, threads and Foundation")
  func hasEverything() async throws {
    let lines = [
      "group 5050", "async let 42", "actor 50", "slept true", "main actor true true", "main queue true",
      "concurrentPerform 50", "after true", "thread true", #"json {"a":1,"b":2}"#, "url b",
      "date Thursday 1 January 1970",
    ]
    let ending = try await run("Everything")
    #expect(ending.printed(lines.map { "spawn \($0)" } + lines.map { "forkServer \($0)" }), "\(ending)")
  }
}

@Suite("Nested")
struct NestedTests {
  @Test("Children start children: as many as were asked for, each with its own name")
  func countsProcesses() async throws {
    func names(_ root: String, _ number: Int) -> [String] {
      let path = "Process-\(number)"
      return [root] + (1...2).flatMap { ["\(path):\($0)", "\(path):\($0):1", "\(path):\($0):2"] }
    }
    let spawned = (names("top", 1) + names("Process-2", 2)).sorted().joined(separator: " ")
    let served = (names("top", 3) + names("Process-4", 4)).sorted().joined(separator: " ")
    let ending = try await run("Nested")
    #expect(
      ending.printed(["main of MainProcess", "spawn 14 \(spawned)", "forkServer 14 \(served)"]), "\(ending)")
  }
}
