import Testing

@testable import Multiprocessing

@Suite(.isolated) struct ManyChildrenTests {
  @Test func `a thousand children one after another leave nothing behind`() async throws {
    for number in 0..<1000 {
      let child = try ChildProcess.start(number, context: ProcessContext(.forkServer)) { $0 &+ 1 }
      let value = try await child.value
      if value != number + 1 { Issue.record("child \(number) returned \(value)") }
    }
  }

  @Test(arguments: [(StartMethod.spawn, 10), (.forkServer, 100)])
  func `many children at the same time`(method: StartMethod, count: Int) async throws {
    let children = try (0..<count).map { try ChildProcess.start($0, context: ProcessContext(method)) { $0 } }
    for (number, child) in children.enumerated() {
      #expect(try await child.value == number)
      #expect(try await child.join() == .exited(0))
    }
  }

  @Test func `a hundred megabytes go in and come out`() async throws {
    let count = 100_000_000 / MemoryLayout<Int>.stride
    let child = try ChildProcess.start(Array(0..<count)) { (numbers: [Int]) in numbers.map { $0 &+ 1 } }
    let result = try await child.value
    #expect(result.count == count)
    #expect(result.first == 1 && result.last == count)
  }
}
