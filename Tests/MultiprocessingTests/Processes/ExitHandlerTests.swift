import Foundation
import Testing

@testable import Multiprocessing

/// Registers handlers that tell their turn, as CPython's test of finalizers does.
struct ManyHandlers: ProcessTask {
  var path: String
  var ending = ""

  func run() async throws {
    let path = path
    _ = ExitHandler(priority: -1) { TemporaryFile.append("e", to: path) }
    let early = ExitHandler { TemporaryFile.append("a", to: path) }
    early.run()
    early.run()
    let cancelled = ExitHandler { TemporaryFile.append("never", to: path) }
    cancelled.cancel()
    cancelled.run()
    _ = ExitHandler(priority: 10) { TemporaryFile.append("b", to: path) }
    for name in ["d01", "d02", "d03"] { _ = ExitHandler { TemporaryFile.append(name, to: path) } }
    _ = ExitHandler(priority: 1) { TemporaryFile.append("d10", to: path) }
    TemporaryFile.append("\(early.isPending) \(cancelled.isPending)", to: path)
    try end()
  }

  private func end() throws {
    switch ending {
    case "exit": exit(0)
    case "throw": throw CancellationError()
    case "crash": abort()
    default: return
    }
  }
}

@Suite(.isolated) struct ExitHandlerTests {
  @Test(arguments: StartMethod.forTasks, ["", "exit", "throw"])
  func `handlers run once, by priority and then last first, however the task ends`(
    method: StartMethod, ending: String
  ) async throws {
    let file = TemporaryFile()
    let task = ManyHandlers(path: file.path, ending: ending)
    try await ChildProcess.start(task, context: ProcessContext(method)).join()
    #expect(file.lines == ["a", "false false", "b", "d10", "d03", "d02", "d01", "e"])
  }

  @Test func `no handler runs after a crash`() async throws {
    let file = TemporaryFile()
    try await ChildProcess.start(ManyHandlers(path: file.path, ending: "crash")).join()
    #expect(file.lines == ["a", "false false"])
  }

  @Test func `a forked copy runs its own handlers and not its parent's`() async throws {
    let file = TemporaryFile()
    let parents = ExitHandler { TemporaryFile.append("the parent's", to: file.path) }
    let child = try ChildProcess.fork {
      _ = ExitHandler { TemporaryFile.append("the copy's", to: file.path) }
    }
    #expect(try await child.join() == .exited(0))
    #expect(file.lines == ["the copy's"])
    #expect(parents.isPending)
    parents.cancel()
    #expect(!parents.isPending)
  }

  @Test func `a handler may register another, which runs too`() async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path) { path in
      _ = ExitHandler {
        TemporaryFile.append("first", to: path)
        _ = ExitHandler { TemporaryFile.append("second", to: path) }
      }
      return
    }
    try await child.join()
    #expect(file.lines == ["first", "second"])
  }

  @Test func `handlers may be made, run and cancelled by many threads at once`() async throws {
    let counts = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<200).map { number in
            let handler = ExitHandler {}
            if number.isMultiple(of: 2) { handler.run() } else { handler.cancel() }
            return handler.isPending ? 1 : 0
          }.reduce(0, +)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(counts == 0)
  }

  @Test func `handlers of priority 0 and above run before children are ended, the others after`() async throws {
    let file = TemporaryFile()
    let child = try ChildProcess.start(file.path) { path in
      let daemon = try ChildProcess.start(isDaemon: true) { try await Task.sleep(for: .seconds(100)) }
      for priority in [0, -1] {
        _ = ExitHandler(priority: priority) { TemporaryFile.append("\(priority) \(daemon.isAlive)", to: path) }
      }
    }
    try await child.join()
    #expect(file.lines == ["0 true", "-1 false"])
  }
}
