import Foundation
import Testing

@testable import Multiprocessing

/// Prints many lines that tell whether they are whole.
struct Chatter: ProcessTask {
  var number: Int
  var isError = false

  func run() {
    for line in 0..<300 {
      let text = "<\(number) \(line) \(String(repeating: "x", count: 40 + line % 50))>"
      if isError { FileHandle.standardError.write(Data("\(text)\n".utf8)) } else { print(text) }
    }
  }
}

@Suite(.isolated) struct StandardStreamsTests {
  @Test(arguments: StartMethod.forTasks, [false, true])
  func `lines of four children stay whole and in order`(method: StartMethod, isError: Bool) async throws {
    let child = try ChildProcess.start(method, isError, context: ProcessContext(method)) { method, isError in
      try await output(of: isError ? 2 : 1) {
        let children = try (0..<4).map {
          try ChildProcess.start(Chatter(number: $0, isError: isError), context: ProcessContext(method))
        }
        for child in children { try await child.join() }
      }
    }
    let lines = try await child.value.split(separator: "\n")
    #expect(lines.count == 4 * 300)
    #expect(lines.allSatisfy { $0.hasPrefix("<") && $0.hasSuffix(">") })
    for number in 0..<4 {
      let own = lines.filter { $0.hasPrefix("<\(number) ") }.compactMap { Int($0.split(separator: " ")[1]) }
      #expect(own == Array(0..<300))
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `a crash report has the last 8 KiB of standard error`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      let null = open("/dev/null", O_WRONLY)
      dup2(null, 2)
      let inner = try ChildProcess.start(context: ProcessContext(method)) { () -> Int in
        for line in 0..<1000 { FileHandle.standardError.write(Data("line \(line) of standard error\n".utf8)) }
        FileHandle.standardError.write(Data("no end of line".utf8))
        kill(getpid(), SIGKILL)
        return 0
      }
      do {
        return "\(try await inner.value)"
      } catch let error as MultiprocessingError {
        return error.crash?.standardErrorTail ?? ""
      }
    }
    let tail = try await child.value
    #expect(tail.utf8.count == 8192)
    #expect(tail.hasSuffix("line 998 of standard error\nline 999 of standard error\nno end of line"))
  }

  @Test(arguments: StartMethod.forTasks)
  func `the last line of a child gets its end, and comes before what the parent prints next`(
    method: StartMethod
  ) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      try await output(of: 2) {
        try await ChildProcess.start(context: ProcessContext(method)) {
          FileHandle.standardError.write(Data("child".utf8))
        }.join()
        FileHandle.standardError.write(Data("parent\n".utf8))
      }
    }
    #expect(try await child.value == "child\nparent\n")
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child that inherits standard error writes to it directly`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      try await output(of: 2) {
        var context = ProcessContext(method)
        context.inheritsStandardError = true
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/2")
        try await ChildProcess.start(own, context: context) { parents in
          let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/2")
          FileHandle.standardError.write(Data("\(own == parents)".utf8))
        }.join()
      }
    }
    #expect(try await child.value == "true")
  }

  @Test(arguments: StartMethod.forTasks)
  func `what a child prints is written before it ends, also by exit`(method: StartMethod) async throws {
    let child = try ChildProcess.start(method, context: ProcessContext(method)) { method in
      try await output(of: 1) {
        try await ChildProcess.start(context: ProcessContext(method)) { print("returned", terminator: "|") }.join()
        try await ChildProcess.start(context: ProcessContext(method)) {
          print("exited", terminator: "|")
          exit(0)
        }.join()
        print("before the copy", terminator: "|")
        try await ChildProcess.fork { print("copied", terminator: "|") }.join()
        fflush(nil)
      }
    }
    let text = try await child.value
    #expect(text.split(separator: "|").sorted() == ["before the copy", "copied", "exited", "returned"])
  }

  @Test(arguments: StartMethod.available)
  func `standard input of a child is empty`(method: StartMethod) async throws {
    let child =
      method == .fork
      ? try ChildProcess.fork { readLine() == nil }
      : try ChildProcess.start(context: ProcessContext(method)) { readLine() == nil }
    #expect(try await child.value)
  }

  @Test(arguments: StartMethod.forTasks)
  func `a child that closes its own streams ends in order`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) {
      close(1)
      close(2)
      print("to nobody")
      return 5
    }
    #expect(try await child.value == 5)
    #expect(try await child.join() == .exited(0))
  }
}
