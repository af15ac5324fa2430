import Foundation
import Testing

@testable import Multiprocessing

/// A tree of processes that each tell their place in it.
struct Recursion: ProcessTask {
  var path: String
  var place: [Int] = []
  var method: StartMethod

  func run() async throws {
    TemporaryFile.append("\(place)", to: path)
    guard place.count < 2 else { return }
    for index in 0..<2 {
      let next = Recursion(path: path, place: place + [index], method: method)
      try await ChildProcess.start(next, context: ProcessContext(method)).join()
    }
  }
}

@Suite(.isolated) struct NestingTests {
  @Test(arguments: StartMethod.forTasks)
  func `children start children, in order`(method: StartMethod) async throws {
    let file = TemporaryFile()
    try await Recursion(path: file.path, method: method).run()
    #expect(file.lines == ["[]", "[0]", "[0, 0]", "[0, 1]", "[1]", "[1, 0]", "[1, 1]"])
  }

  @Test(arguments: StartMethod.forTasks, StartMethod.forTasks)
  func `a child of one method starts a daemon of another and joins it`(
    outer: StartMethod, inner: StartMethod
  ) async throws {
    let child = try ChildProcess.start(inner, context: ProcessContext(outer)) { inner in
      let daemon = try ChildProcess.start(isDaemon: true, context: ProcessContext(inner)) { 42 }
      let value = try await daemon.value
      return "\(value) \(try await daemon.join())"
    }
    #expect(try await child.value == "42 exit code 0")
  }

  @Test func `a forked copy forks again`() async throws {
    let child = try ChildProcess.fork { () -> String in
      let inner = try ChildProcess.fork { CurrentProcess.name }
      return try inner.blocking.value()
    }
    #expect(try await child.value == "\(child.name):1")
  }

  /// The main function of the test program would run all tests again, these among them, and so on without end.
  @Test(arguments: StartMethod.forTasks)
  func `a child never runs main`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      (Test.current == nil, ProcessInspection.ownChildren().count == 0) == (true, true)
    }
    #expect(try await child.value)
    #expect(try await child.join() == .exited(0))
  }

  @Test(arguments: StartMethod.forTasks)
  func `programs that a child starts do not take themselves for children`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      ProcessInfo.processInfo.environment.keys.filter { $0.contains("MULTIPROCESSING") || $0.hasPrefix("MP_CHILD") }
    }
    #expect(try await child.value == [])
  }
}
