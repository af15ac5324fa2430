import Foundation
import Testing

@testable import Multiprocessing

/// Starts children that would live long, tells their ids, and waits for its own end.
struct Patriarch: ProcessTask {
  var path: String
  var method: StartMethod

  func run() async throws {
    for index in 0..<4 {
      let child: ChildProcess<Void>
      if method == .fork {
        child = try ChildProcess.fork(isDaemon: index == 0) { sleep(100) }
      } else {
        child = try ChildProcess.start(isDaemon: index == 0, context: ProcessContext(method)) {
          try await Task.sleep(for: .seconds(100))
        }
      }
      if index < 2 { kill(child.id, SIGSTOP) }
      TemporaryFile.append("\(child.id)", to: path)
    }
    if let server = ForkServerConnection.current.serverID { TemporaryFile.append("\(server)", to: path) }
    TemporaryFile.append("all", to: path)
    try await Task.sleep(for: .seconds(100))
  }
}

/// As `Patriarch`, through two levels.
struct Dynasty: ProcessTask {
  var path: String
  var depth: Int

  func run() async throws {
    let method = StartMethod.forTasks[depth % 2]
    if depth > 0 {
      try ChildProcess.start(Dynasty(path: path, depth: depth - 1), context: ProcessContext(method))
    }
    TemporaryFile.append("\(getpid())", to: path)
    if depth == 0 { TemporaryFile.append("all", to: path) }
    try await Task.sleep(for: .seconds(100))
  }
}

@Suite(.isolated) struct LifelineTests {
  @Test(arguments: StartMethod.forTasks, StartMethod.available)
  func `children end with a killed parent, stopped ones too`(own: StartMethod, method: StartMethod) async throws {
    let file = TemporaryFile()
    let parent = try ChildProcess.start(Patriarch(path: file.path, method: method), context: ProcessContext(own))
    #expect(await eventually { file.lines.last == "all" })
    let children = file.lines.compactMap { ProcessID($0) }
    #expect(children.count == (method == .forkServer ? 5 : 4))
    #expect(children.allSatisfy { !ProcessInspection.isGone($0) })
    try await expectEnd(of: children, afterKilling: parent, "\(method)")
  }

  @Test func `a family of four generations ends with the first`() async throws {
    let file = TemporaryFile()
    let parent = try ChildProcess.start(Dynasty(path: file.path, depth: 3))
    #expect(await eventually { file.lines.contains("all") && file.lines.count == 5 })
    let all = file.lines.compactMap { ProcessID($0) }
    #expect(all.count == 4)
    try await expectEnd(of: all, afterKilling: parent, "four generations")
  }

  /// By the bare system call: what the library does when it kills a child must not help.
  private func expectEnd(of processes: [ProcessID], afterKilling parent: ChildProcess<Void>, _ what: String)
    async throws
  {
    let start = ContinuousClock.now
    kill(parent.id, SIGKILL)
    #expect(await eventually { processes.allSatisfy(ProcessInspection.isGone) })
    print("parent death, \(what): all gone after \(ContinuousClock.now - start)")
    #expect(try await parent.join() == .signaled(SIGKILL))
  }
}
