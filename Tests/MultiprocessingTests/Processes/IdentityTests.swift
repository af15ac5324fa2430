import Foundation
import Testing

@testable import Multiprocessing

struct IsPrime: ProcessTask {
  func run() -> String { CurrentProcess.name }
}

/// What a child says of itself.
struct Identity: Codable, Sendable, Equatable {
  var id = CurrentProcess.id
  var name = CurrentProcess.name
  var isDaemon = CurrentProcess.isDaemon
  var method = CurrentProcess.startMethod
  var parentID = CurrentProcess.parent?.id
  var parentName = CurrentProcess.parent?.name
  var isParentAlive = CurrentProcess.parent?.isAlive
  var activeChildren = CurrentProcess.activeChildren.count
}

@Suite(.isolated) struct IdentityTests {
  @Test func `the main process has its own name, no parent and no start method`() {
    #expect(CurrentProcess.id == getpid())
    #expect(CurrentProcess.name == "MainProcess")
    #expect(!CurrentProcess.isDaemon)
    #expect(CurrentProcess.startMethod == nil)
    #expect(CurrentProcess.parent == nil)
    #expect(CurrentProcess.availableParallelism >= 1)
  }

  @Test(arguments: StartMethod.forTasks, [false, true])
  func `a child knows who it is and who started it`(method: StartMethod, isDaemon: Bool) async throws {
    let child = try ChildProcess.start(name: "worker bee", isDaemon: isDaemon, context: ProcessContext(method)) {
      Identity()
    }
    let identity = try await child.value
    #expect(child.name == "worker bee")
    #expect(child.isDaemon == isDaemon)
    #expect(
      identity
        == Identity(
          id: child.id, name: "worker bee", isDaemon: isDaemon, method: method, parentID: getpid(),
          parentName: "MainProcess", isParentAlive: true, activeChildren: 0))
  }

  @Test func `a forked copy knows who it is and who started it`() async throws {
    let child = try ChildProcess.fork(name: "copy", isDaemon: true) { Identity() }
    #expect(
      try await child.value
        == Identity(
          id: child.id, name: "copy", isDaemon: true, method: .fork, parentID: getpid(), parentName: "MainProcess",
          isParentAlive: true, activeChildren: 0))
  }

  @Test(arguments: StartMethod.forTasks)
  func `default names count, and are paths in children of children`(method: StartMethod) async throws {
    let context = ProcessContext(method)
    let first = try ChildProcess.start(context: context) {
      let closure = try await ChildProcess.start { CurrentProcess.name }.value
      return [CurrentProcess.name, closure, try await ChildProcess.start(IsPrime()).value]
    }
    let second = try ChildProcess.start(context: context) { CurrentProcess.name }
    let task = try ChildProcess.start(IsPrime(), context: context)
    let number = try #require(Int(first.name.dropFirst("Process-".count)))
    #expect(second.name == "Process-\(number + 1)")
    #expect(task.name == "IsPrime-\(number + 2)")
    #expect(try await first.value == [first.name, "\(first.name):1", "IsPrime-\(number):2"])
    #expect(try await second.value == second.name)
    #expect(try await task.value == task.name)
    try await second.join()
    try await task.join()
  }

  @Test func `a name with a NUL is refused before anything starts`() throws {
    try expectRefusal(.invalidArgument) { try ChildProcess.start(name: "a\0b") { 1 } }
    try expectRefusal(.invalidArgument) { try ChildProcess.fork(name: "a\0b") { 1 } }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a running child is among the active children, in order of start`(method: StartMethod) async throws {
    #expect(await eventually { CurrentProcess.activeChildren.isEmpty })
    let children = try (0..<3).map { _ in
      try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    }
    #expect(CurrentProcess.activeChildren.map(\.id) == children.map(\.id).sorted())
    for child in children {
      try child.kill()
      try await child.join()
      #expect(!CurrentProcess.activeChildren.contains { $0 === child })
    }
    #expect(CurrentProcess.activeChildren.isEmpty)
  }

  @Test(arguments: StartMethod.forTasks)
  func `the main thread of a child is its own, and tasks run off it`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      let here = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      let main = try await MainActor.run {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      }
      return main == "\(getpid())/task/\(getpid())" && main != here
    }
    #expect(try await child.value)
  }
}
