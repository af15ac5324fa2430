import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct ForkTests {
  @Test func `a forked copy has all that the closure captures`() async throws {
    let numbers = Array(0..<1000)
    var text = "before"
    let child = try ChildProcess.fork { "\(text) \(numbers.reduce(0, +))" }
    text = "after"
    #expect(try await child.value == "before 499500")
    #expect(text == "after")
  }

  @Test func `what the copy changes stays in the copy`() async throws {
    var numbers = [1, 2, 3]
    let child = try ChildProcess.fork { () -> [Int] in
      numbers.append(4)
      return numbers
    }
    #expect(try await child.value == [1, 2, 3, 4])
    #expect(numbers == [1, 2, 3])
  }

  @Test func `errors, exits and results that cannot be encoded arrive as from any child`() async throws {
    let throwing = try ChildProcess.fork { () -> Int in throw CodableFailure(reason: "copy", places: [1]) }
    await #expect(throws: CodableFailure(reason: "copy", places: [1])) { try await throwing.value }
    let leaving = try ChildProcess.fork { () -> Int in _exit(4) }
    #expect(try await failure(of: leaving).terminationStatus == .exited(4))
    let unwritten = try ChildProcess.fork { Unencodable() }
    #expect(try await failure(of: unwritten).code == .notTransferable)
  }

  @Test func `a copy is terminated, killed and interrupted`() async throws {
    let terminated = try ChildProcess.fork { sleep(100) }
    try terminated.terminate()
    #expect(try await terminated.join() == .signaled(SIGTERM))
    let killed = try ChildProcess.fork { sleep(100) }
    try killed.kill()
    #expect(try await killed.join() == .signaled(SIGKILL))
  }

  @Test func `a hundred copies`() async throws {
    let children = try (0..<100).map { number in try ChildProcess.fork { number * 2 } }
    for (number, child) in children.enumerated() {
      #expect(try await child.value == number * 2)
      #expect(try await child.join() == .exited(0))
    }
  }
}
