import Foundation
import Testing

@testable import Multiprocessing

struct WhereAmI: ProcessTask {
  func run() -> [String] {
    [FileManager.default.currentDirectoryPath, CurrentProcess.startMethod?.description ?? "", CurrentProcess.name]
  }
}

@Suite(.isolated) struct ProcessContextTests {
  @Test func `the methods of the platform are those for tasks and fork, the default first`() {
    #expect(StartMethod.available.first == .default)
    #expect(StartMethod.default == .forkServer)
    #expect(Set(StartMethod.available) == [.spawn, .forkServer, .fork])
    #expect(StartMethod.forTasks == [.spawn, .forkServer])
    #expect(StartMethod.available.map(\.description).sorted() == ["fork", "forkServer", "spawn"])
  }

  @Test func `the default context is used where none is given, here and in children`() async throws {
    let before = ProcessContext.default
    defer { ProcessContext.default = before }
    for method in StartMethod.forTasks {
      ProcessContext.default = ProcessContext(method)
      let child = try ChildProcess.start {
        [CurrentProcess.startMethod, try await ChildProcess.start { CurrentProcess.startMethod }.value]
      }
      #expect(try await child.value == [method, method])
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child has the whole environment given, and nothing else`(method: StartMethod) async throws {
    let context = ProcessContext(method, environment: ["MP_TEST_NAME": "a value = with ünicode", "EMPTY": ""])
    let seen = try await ChildProcess.start(context: context) { ProcessInfo.processInfo.environment }.value
    #expect(seen["MP_TEST_NAME"] == "a value = with ünicode")
    #expect(seen["EMPTY"] == "")
    #expect(seen["PATH"] == nil)
    #expect(Set(seen.keys).subtracting(["MP_TEST_NAME", "EMPTY", "SWIFT_BACKTRACE"]).isEmpty)
  }

  @Test(arguments: StartMethod.forTasks)
  func `without one it has the parent's environment of that moment`(method: StartMethod) async throws {
    setenv("MP_TEST_LATE", "\(method)", 1)
    defer { unsetenv("MP_TEST_LATE") }
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      ProcessInfo.processInfo.environment["MP_TEST_LATE"]
    }
    #expect(try await child.value == "\(method)")
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child starts in the directory given, else in the parent's`(method: StartMethod) async throws {
    let there = ProcessContext(method, workingDirectory: "/usr")
    #expect(try await ChildProcess.start(WhereAmI(), context: there).value[0] == "/usr")
    let here = FileManager.default.currentDirectoryPath
    #expect(try await ChildProcess.start(WhereAmI(), context: ProcessContext(method)).value[0] == here)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a directory that does not exist fails the start`(method: StartMethod) async throws {
    let context = ProcessContext(method, workingDirectory: "/no/such/place")
    let error = try await #require(throws: MultiprocessingError.self) {
      _ = try await ChildProcess.start(WhereAmI(), context: context).value
    }
    #expect(error.code == .startFailed)
    #expect("\(error)".contains("No such file"), "\(error)")
  }

  @Test func `environments and paths that no program can have are refused`() throws {
    for environment in [["": "x"], ["A=B": "x"], ["A\0": "x"], ["A": "x\0y"]] {
      try expectRefusal(.invalidArgument) {
        try ChildProcess.start(context: ProcessContext(environment: environment)) { 1 }
      }
    }
    try expectRefusal(.invalidArgument) {
      try ChildProcess.start(context: ProcessContext(workingDirectory: "/tmp\0")) { 1 }
    }
    try expectRefusal(.invalidArgument) {
      try ChildProcess.start(WhereAmI(), context: ProcessContext(executable: "/bin/\0"))
    }
  }

  @Test func `another executable runs tasks by their types`() async throws {
    let context = ProcessContext(
      executable: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    let child = try ChildProcess.start(WhereAmI(), name: "other", context: context)
    #expect(try await child.value[2] == "other")
    #expect(try await child.join() == .exited(0))
    #expect(try await ChildProcess.start(Scale(values: [1], factor: 2), context: context).value == [2])
    try expectRefusal(.notTransferable) { try ChildProcess.start(context: context) { 1 } }
  }

  @Test func `an executable that does not exist fails the start`() throws {
    let error = try expectRefusal(.startFailed) {
      try ChildProcess.start(WhereAmI(), context: ProcessContext(executable: "/no/such/program"))
    }
    #expect(error.message.contains("/no/such/program"))
    try expectRefusal(.startFailed) { try ChildProcess.start(WhereAmI(), context: ProcessContext(executable: "/etc")) }
  }

  @Test func `an executable that is no program of this library ends the task with its exit code`() async throws {
    let child = try ChildProcess.start(WhereAmI(), context: ProcessContext(executable: "/bin/true"))
    #expect(try await failure(of: child).code == .childExited)
  }
}
