import Foundation
import Testing

@testable import Multiprocessing

/// Starts a child with each combination and returns at once: what happens to them is for the exit.
struct LeaveChildren: ProcessTask {
  var path: String
  var method: StartMethod
  var isDaemon: Bool
  var endsByExit: Bool

  func run() async throws {
    let child: any ChildProcessHandle
    // A daemon's end is not to come before that of its parent.
    let (path, milliseconds) = (path, isDaemon ? 100_000 : 200)
    if method == .fork {
      child = try ChildProcess.fork(isDaemon: isDaemon) {
        usleep(UInt32(milliseconds) * 1000)
        TemporaryFile.append("late", to: path)
      }
    } else {
      let context = ProcessContext(method)
      child = try ChildProcess.start(path, milliseconds, isDaemon: isDaemon, context: context) { path, milliseconds in
        try await Task.sleep(for: .milliseconds(milliseconds))
        TemporaryFile.append("late", to: path)
      }
    }
    TemporaryFile.append("\(child.id)", to: path)
    if endsByExit { exit(0) }
  }
}

@Suite(.isolated) struct FamilyEndTests {
  @Test(arguments: StartMethod.available, [false, true])
  func `at the end daemons are killed and other children are joined`(method: StartMethod, isDaemon: Bool) async throws {
    for endsByExit in [false, true] {
      let file = TemporaryFile()
      let task = LeaveChildren(path: file.path, method: method, isDaemon: isDaemon, endsByExit: endsByExit)
      #expect(try await ChildProcess.start(task).join() == .exited(0))
      let child = try #require(file.lines.compactMap { ProcessID($0) }.first)
      #expect(ProcessInspection.isGone(child))
      #expect(file.lines.filter { $0 == "late" } == (isDaemon ? [] : ["late"]))
    }
  }

  @Test func `daemons may have children, and the tree is killed as a unit`() async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path) { path in
      try ChildProcess.start(path, isDaemon: true) { path in
        let inner = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
        TemporaryFile.append("\(inner.id)", to: path)
        try await Task.sleep(for: .seconds(100))
      }
      while TemporaryFile.lines(of: path).isEmpty { usleep(1000) }
    }
    #expect(try await child.join() == .exited(0))
    let inner = try #require(file.lines.first.flatMap { ProcessID($0) })
    #expect(await eventually { ProcessInspection.isGone(inner) })
  }

  @Test(arguments: StartMethod.forTasks)
  func `a killed child takes the children it had with it`(method: StartMethod) async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path, method, context: ProcessContext(method)) { path, method in
      let inner = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
      TemporaryFile.append("\(inner.id)", to: path)
      try await inner.join()
    }
    #expect(await eventually { !file.lines.isEmpty })
    let inner = try #require(file.lines.first.flatMap { ProcessID($0) })
    try child.kill()
    try await child.join()
    #expect(await eventually { ProcessInspection.isGone(inner) })
  }
}
