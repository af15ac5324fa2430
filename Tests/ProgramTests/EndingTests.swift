internal import Foundation
internal import Testing

@Suite("ExitBehaviour")
struct ExitBehaviourTests {
  @Test(
    "At the end children are joined, daemons are killed with what they started, and handlers run in order",
    arguments: ["return", "exit"], ["spawn", "forkServer"])
  func endsInOrder(_ way: String, _ method: String) async throws {
    let program = try RunningProgram(await ProgramBuilder.shared.executable("ExitBehaviour"), [way, method])
    let daemons = try await program.captures(#"(?:daemon|grandchild) (\d+)"#, count: 2).compactMap(Int32.init)
    let child = try await program.captures(#"child (\d+)"#, count: 1).compactMap(Int32.init)
    #expect((daemons + child).allSatisfy { ProcessTable.isAlive($0) || child.contains($0) })
    try program.send("")
    let ending = try await program.end()
    #expect(try await ProcessTable.survivors(of: daemons + child) == [])
    #expect(ending.isExit && ending.status == (way == "exit" ? 7 : 0) && ending.errorLines.isEmpty, "\(ending)")
    let order = ending.lines.filter { $0.firstMatch(of: /\d{2}/) == nil }
    let steps = [
      "main ends with 3 handlers", "handler of higher priority", "handler before the children end", "child ends",
      "handler after the children ended",
    ]
    #expect(order.filter { $0 != "child ends" } == steps.filter { $0 != "child ends" }, "\(ending)")
    let (end, last) = (order.firstIndex(of: "child ends"), order.lastIndex(of: steps[4]))
    #expect(end != nil && last != nil && end! < last!, "\(ending)")
  }
}

@Suite("Orphans")
struct OrphansTests {
  @Test(
    "Nothing outlives a parent that was killed", arguments: ["spawn", "forkServer", "fork"],
    ["", " <&-", " <&- 2>&-"])
  func nothingIsLeft(_ method: String, _ redirection: String) async throws {
    let file = try await ProgramBuilder.shared.executable("Orphans")
    let program = try RunningProgram(
      URL(filePath: "/bin/sh"), ["-c", #"exec "$0" "$1""# + redirection, file.path, method])
    let count = method == "fork" ? 5 : 7
    let ids = try await program.captures(#"\w+ (\d+)"#, count: count).compactMap(Int32.init)
    let stopped = try await program.captures(#"stopped (\d+)"#, count: 1).compactMap(Int32.init)
    while !stopped.allSatisfy(ProcessTable.isStopped) { try await Task.sleep(for: .milliseconds(1)) }
    #expect(ids.count == count && ids.allSatisfy(ProcessTable.isAlive))
    let time = ContinuousClock.now
    kill(program.id, SIGKILL)
    #expect(try await ProcessTable.survivors(of: ids) == [])
    print("orphans: \(method)\(redirection): \(ids.count) processes gone after \(ContinuousClock.now - time)")
    let ending = try await program.end()
    #expect(ending.lines.count == count && !ending.isExit, "\(ending)")
  }
}
