import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Counts up under a lock until it is killed or all is counted; word 0 is the sum, the others what each has done.
private struct Counter: ProcessTask {
  var lock: Lock
  var tally: SharedTally
  var index: Int
  var goal: UInt32

  func run() async throws { try runBlocking() }

  func runBlocking() throws {
    var isOver = false
    while !isOver {
      try lock.blocking.withLock(onOwnerDeath: { _ in }) {
        isOver = tally[0] >= goal
        if isOver { return }
        tally.countAlone(0)
        tally.countAlone(index)
      }
    }
  }

  func start(_ method: StartMethod) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct KilledHoldersTests {
  @Test func `four processes count to a million while they are killed one after another`() async throws {
    let goal: UInt32 = StepDeath.isComplete ? 1_000_000 : 300_000
    let (lock, tally) = (try Lock(), try SharedTally())
    let counter = { Counter(lock: lock, tally: tally, index: $0, goal: goal) }
    let methods = StartMethod.available
    var children = try (0..<4).map { try counter($0 + 1).start(methods[$0 % methods.count]) }
    var deaths: UInt32 = 0
    while tally[0] < goal {
      try await Task.sleep(for: .milliseconds(Int.random(in: 1...8)))
      let index = Int.random(in: 0..<4)
      try children[index].kill()
      if try await children[index].join() == .signaled(SIGKILL) { deaths += 1 }
      children[index] = try counter(index + 1).start(methods[Int.random(in: 0..<methods.count)])
    }
    for child in children { try await child.value }
    // One that died between its two counts is in the first only.
    let sum = (1...4).reduce(0) { $0 + tally[$1] }
    #expect(tally[0] == goal)
    #expect((sum...(sum + deaths)).contains(goal))
    print("\(goal) counted, \(deaths) killed, \(goal - sum) between their two counts")
  }
}
