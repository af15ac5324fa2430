internal import Foundation
internal import Testing

/// Programs of every form, none of which has a line for the entry of its children.
@Suite("AsyncMain")
struct AsyncMainTests {
  @Test("An asynchronous main starts closures and tasks by every method")
  func startsChildren() async throws {
    let ending = try await run("AsyncMain")
    #expect(
      ending.printed([
        "main of MainProcess",
        "squares [1, 4, 9] by spawn in Process-1", "spawn [2.0, 5.0] exit code 0",
        "squares [1, 4, 9] by forkServer in Process-3", "forkServer [2.0, 5.0] exit code 0",
      ]), "\(ending)")
  }

  @Test("A variable that marks children does not make a program one", arguments: ["1", "2", "3", "", "x"])
  func inheritsMarker(_ value: String) async throws {
    let ending = try await run("AsyncMain", environment: ["SWIFT_MULTIPROCESSING_CHILD": value])
    #expect(ending.lines.count == 5 && ending.lines.first == "main of MainProcess", "\(ending)")
    #expect(ending.status == 0 && ending.errorLines.isEmpty, "\(ending)")
  }
}

@Suite("TopLevel")
struct TopLevelTests {
  @Test("Code at the top level runs once, in the parent, and globals of other files are made in each process")
  func runsOnce() async throws {
    let ending = try await run("TopLevel")
    #expect(
      ending.printed([
        "top level of MainProcess", "spawn 5 of 6: May, counted 1", "forkServer 5 of 6: May, counted 1",
        "2 starts, here counted 1",
      ]), "\(ending)")
  }
}

@Suite("SyncMain")
struct SyncMainTests {
  @Test("A main that is not async waits by blocking")
  func waitsByBlocking() async throws {
    let ending = try await run("SyncMain")
    #expect(
      ending.printed([
        "main of MainProcess", "spawn 21 exit code 0", "forkServer 21 exit code 0", "fork [40, 50] exit code 0",
      ]), "\(ending)")
  }
}

@Suite("MainActorDefault")
struct MainActorDefaultTests {
  @Test("A module of the main actor starts children")
  func startsChildren() async throws {
    let ending = try await run("MainActorDefault")
    #expect(ending.printed(["spawn 6 24", "forkServer 6 24"]), "\(ending)")
  }
}

@Suite("NonsendingDefault")
struct NonsendingDefaultTests {
  @Test("A module whose async functions stay with their caller starts children")
  func startsChildren() async throws {
    let ending = try await run("NonsendingDefault")
    #expect(ending.printed(["spawn 42 12", "forkServer 42 12"]), "\(ending)")
  }
}

@Suite("ReadmeFirst")
struct ReadmeFirstTests {
  @Test("The first program of the README has at most fifteen lines, and goes on after a crash")
  func goesOn() async throws {
    let ending = try await run("ReadmeFirst")
    #expect(ending.isExit && ending.status == 0, "\(ending)")
    #expect(ending.lines.count == 2 && ending.lines.first == "The sum is 500500", "\(ending)")
    let crash = /It crashed, and we go on: Process-2 \(pid \d+\) was ended by signal \d+ \(SIG(ILL|TRAP)\).*/
    #expect(try ending.lines.last?.wholeMatch(of: crash) != nil, "\(ending)")
    let file = Repository.programs.appending(path: "ReadmeFirst/main.swift")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 15)
  }
}

@Suite("Contract")
struct ContractTests {
  @Test("The contract's program at the top level runs")
  func topLevel() async throws {
    let ending = try await run("ContractTopLevel")
    #expect(ending.status == 0 && ending.errorLines.isEmpty, "\(ending)")
    #expect(Set(ending.lines) == ["bob", "a", "b", "7"] && ending.lines.last == "7", "\(ending)")
  }

  @Test("The contract's calls from actors, the main actor, generic code and code that is not async run")
  func usage() async throws {
    let ending = try await run("ContractUsage")
    #expect(
      ending.printed([
        "hello bob", "3", "3.0", "[2, 3] true", "x", "value 4", "ping(3)", "3", "true 1", "last 50",
        "400", "2 4 0", "true", "count 9", "shared 2 3", "actor 4", "generic [2, 3, 4] [2, 3, 4] 4",
        "exit code 0",
      ]), "\(ending)")
  }
}
