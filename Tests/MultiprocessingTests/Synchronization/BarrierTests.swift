import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

struct BarrierTask: ProcessTask {
  enum Kind: Codable {
    case rounds(Int)
    case roundsAsync(Int)
    case index, action, broken
    case brokenAfter(Duration)
    case dying(Int)
  }

  var barrier: Barrier
  var tally: SharedTally
  var kind: Kind

  func run() async throws {
    guard case .roundsAsync(let count) = kind else { return try runBlocking() }
    for round in 0..<count {
      tally.count(round % 50)
      try await barrier.wait()
      check(round)
      try await barrier.wait()
    }
  }

  /// Every party has counted this round, and none is ahead.
  private func check(_ round: Int) {
    let expected = UInt32(barrier.parties) * UInt32(round / 50 + 1)
    if tally[round % 50] != expected || tally[(round + 1) % 50] >= expected + UInt32(barrier.parties) {
      tally.count(60)
    }
  }

  func runBlocking() throws {
    switch kind {
    case .rounds(let count):
      for round in 0..<count {
        tally.count(round % 50)
        try barrier.blocking.wait()
        check(round)
        try barrier.blocking.wait()
      }
    case .index: tally.count(try barrier.blocking.wait())
    case .action:
      for round in 0..<3 {
        try barrier.blocking.wait { tally.count(0) }
        if tally[0] != UInt32(round + 1) { tally.count(60) }
        try barrier.blocking.wait()
      }
    case .broken: try expectBroken(nil)
    case .brokenAfter(let timeout): try expectBroken(timeout)
    case .dying(let step): try StepDeath.run(step) { try barrier.blocking.wait() }
    case .roundsAsync: break
    }
  }

  private func expectBroken(_ timeout: Duration?) throws {
    do {
      try barrier.blocking.wait(timeout: timeout)
      tally.count(1)
    } catch let error as MultiprocessingError where error.code == .brokenBarrier {
      tally.count(0)
    }
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct BarrierTests {
  /// Four processes and a task of this one.
  private func runFive(
    _ kind: BarrierTask.Kind, _ method: StartMethod, own: BarrierTask.Kind? = nil, timeout: Duration? = nil
  ) async throws -> (Barrier, SharedTally) {
    let (barrier, tally) = (try Barrier(parties: 5, timeout: timeout), try SharedTally())
    let task = BarrierTask(barrier: barrier, tally: tally, kind: kind)
    let children = try (0..<4).map { _ in try task.start(method) }
    try await BarrierTask(barrier: barrier, tally: tally, kind: own ?? kind).run()
    for child in children { try await child.value }
    return (barrier, tally)
  }

  @Test(arguments: StartMethod.available)
  func `no party goes ahead of the others`(method: StartMethod) async throws {
    let (barrier, tally) = try await runFive(.rounds(10), method, own: .roundsAsync(10))
    #expect(tally[60] == 0)
    #expect(barrier.waitingCount == 0)
    #expect(!barrier.isBroken)
  }

  @Test func `a thousand rounds of five`() async throws {
    let (_, tally) = try await runFive(.rounds(500), .forkServer, own: .roundsAsync(500))
    #expect(tally[60] == 0)
    #expect((0..<50).allSatisfy { tally[$0] == 50 })
  }

  @Test(arguments: StartMethod.available) func `each party has its own number`(method: StartMethod) async throws {
    let (_, tally) = try await runFive(.index, method)
    #expect((0..<5).map { tally[$0] } == [1, 1, 1, 1, 1])
  }

  @Test(arguments: StartMethod.available)
  func `the action runs once, before any is let go`(method: StartMethod) async throws {
    let (_, tally) = try await runFive(.action, method)
    #expect(tally[0] == 3)
    #expect(tally[60] == 0)
  }

  @Test func `an action that throws breaks the barrier for the others`() async throws {
    let (barrier, tally) = (try Barrier(parties: 2), try SharedTally())
    let child = try BarrierTask(barrier: barrier, tally: tally, kind: .broken).start()
    #expect(await eventually { barrier.waitingCount == 1 })
    await #expect(throws: PlainFailure.self) { try await barrier.wait { throw PlainFailure(description: "no") } }
    try await child.value
    #expect(tally[0] == 1)
    #expect(barrier.isBroken)
  }

  @Test(arguments: StartMethod.available)
  func `an abort breaks it for all, until a reset`(method: StartMethod) async throws {
    let (barrier, tally) = (try Barrier(parties: 5), try SharedTally())
    let children = try (0..<4).map { _ in
      try BarrierTask(barrier: barrier, tally: tally, kind: .broken).start(method)
    }
    #expect(await eventually { barrier.waitingCount == 4 })
    barrier.abort()
    for child in children { try await child.value }
    #expect(tally[0] == 4)
    #expect(barrier.isBroken)
    await #expect(throws: MultiprocessingError.self) { try await barrier.wait() }
    barrier.reset()
    #expect(!barrier.isBroken)
    try await expectRound(of: barrier)
  }

  @Test func `a reset turns away who waits, and the next round works`() async throws {
    let (barrier, tally) = (try Barrier(parties: 3), try SharedTally())
    barrier.reset()
    for round in 1...5 {
      let children = try (0..<2).map { _ in
        try BarrierTask(barrier: barrier, tally: tally, kind: .broken).start()
      }
      #expect(await eventually { barrier.waitingCount == 2 })
      barrier.reset()
      for child in children { try await child.value }
      #expect(tally[0] == UInt32(2 * round))
      #expect(!barrier.isBroken)
      try await expectRound(of: barrier)
    }
  }

  @Test func `one late party breaks it by the timeout of another`() async throws {
    let (barrier, tally) = (try Barrier(parties: 5), try SharedTally())
    let children = try (0..<4).map {
      try BarrierTask(
        barrier: barrier, tally: tally, kind: $0 == 0 ? .brokenAfter(.milliseconds(100)) : .broken
      ).start()
    }
    for child in children { try await child.value }
    #expect(tally[0] == 4)
    await #expect(throws: MultiprocessingError.self) { try await barrier.wait() }
  }

  @Test func `the barrier's own timeout holds for waits that name none`() async throws {
    let barrier = try Barrier(parties: 2, timeout: .milliseconds(50))
    let start = ContinuousClock.now
    let failure = await #expect(throws: MultiprocessingError.self) { try await barrier.wait() }
    #expect(failure?.code == .brokenBarrier)
    #expect(ContinuousClock.now - start >= .milliseconds(50))
  }

  @Test func `one party alone waits for nobody`() async throws {
    let barrier = try Barrier(parties: 1)
    #expect(try await barrier.wait() == 0)
    #expect(try await barrier.wait() == 0)
    #expect(throws: MultiprocessingError.self) { try Barrier(parties: 0) }
  }

  @Test func `more may come than there are parties: any two make a round`() async throws {
    let (barrier, tally) = (try Barrier(parties: 2), try SharedTally())
    let child = try ChildProcess.start(barrier, tally) { try await pairUp(at: $0, $1) }
    let other = try ChildProcess.start(barrier, tally) { try await pairUp(at: $0, $1) }
    let tasks = (0..<5).map { _ in Task { try await pairUp(at: barrier, tally) } }
    #expect(await eventually { tally[0] > 1000 })
    barrier.abort()
    for task in tasks { try await task.value }
    try await child.value
    try await other.value
    #expect(tally[0] == tally[1])
    // The abort may have come between an action and its round.
    #expect((tally[0]...tally[0] + 1).contains(tally[2]))
  }

  @Test func `a cancelled party breaks it for the others`() async throws {
    let (barrier, tally) = (try Barrier(parties: 3), try SharedTally())
    let child = try BarrierTask(barrier: barrier, tally: tally, kind: .broken).start()
    let wait = Task { try await barrier.wait() }
    #expect(await eventually { barrier.waitingCount == 2 })
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    try await child.value
    #expect(tally[0] == 1)
  }

  /// A barrier for one whose parties of two generations have not left: there is no place for the next.
  private func fullBarrier() throws -> Barrier {
    let barrier = try Barrier(parties: 1)
    for _ in 0..<2 {
      let look = try barrier.state.lookForPlace(LookMode(announces: false, hasSlept: false))
      guard case .done(.arrived(let place)) = look else { continue }
      #expect(barrier.state.trip(place))
    }
    return barrier
  }

  @Test func `a timeout before there is a place breaks it`() async throws {
    let barrier = try fullBarrier()
    let failure = await #expect(throws: MultiprocessingError.self) {
      try await barrier.wait(timeout: .milliseconds(20))
    }
    #expect(failure?.code == .brokenBarrier)
    #expect(barrier.isBroken)
    let other = try fullBarrier()
    #expect(throws: MultiprocessingError.self) { try blockingWait(other, .milliseconds(20)) }
    #expect(other.isBroken)
  }

  @Test func `a cancellation before there is a place breaks it`() async throws {
    let barrier = try fullBarrier()
    let wait = Task { try await barrier.wait() }
    try await Task.sleep(for: .milliseconds(20))
    #expect(!barrier.isBroken)
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    #expect(barrier.isBroken)
  }

  @Test func `an abort is told to who waits for a place`() async throws {
    let barrier = try fullBarrier()
    let wait = Task { try await barrier.wait() }
    let thread = Task.detached { try blockingWait(barrier, nil) }
    #expect(await eventually { barrier.state.drained.load() & 1 != 0 })
    try await Task.sleep(for: .milliseconds(30))
    barrier.abort()
    for result in [await wait.result, await thread.result] {
      #expect(throws: MultiprocessingError.self) { try result.get() }
    }
  }

  @Test func `a party killed while it waits breaks it at once`() async throws {
    let (barrier, tally) = (try Barrier(parties: 3), try SharedTally())
    let victim = try BarrierTask(barrier: barrier, tally: tally, kind: .broken).start()
    let other = try BarrierTask(barrier: barrier, tally: tally, kind: .broken).start()
    #expect(await eventually { barrier.waitingCount == 2 })
    try victim.kill()
    try await other.value
    #expect(tally[0] == 1)
    #expect(barrier.isBroken)
    try await victim.join()
    barrier.reset()
    try await expectRound(of: barrier)
  }

  @Test(.steps, arguments: [true, false]) func `a death at any step of a wait`(victimIsFirst: Bool) async throws {
    try await StepDeath.tryAll("a barrier, \(victimIsFirst ? "first" : "last")") { step in
      let (barrier, tally) = (try Barrier(parties: 2), try SharedTally())
      let victim = BarrierTask(barrier: barrier, tally: tally, kind: .dying(step))
      let other = BarrierTask(barrier: barrier, tally: tally, kind: .broken)
      let first = try (victimIsFirst ? victim : other).start()
      _ = await eventuallyShort { isAsleep(first.id) || first.process.hasEnded }
      let second = try (victimIsFirst ? other : victim).start()
      let (dead, alive) = victimIsFirst ? (first, second) : (second, first)
      let status = try await dead.join()
      // One that died before it arrived is unknown to the barrier: the other waits on, as it should.
      while status != .exited(0), alive.isAlive {
        if barrier.waitingCount == 1 { barrier.abort() }
        try await Task.sleep(for: .milliseconds(1))
      }
      try await alive.value
      #expect(tally[0] + tally[1] == 1)
      barrier.reset()
      try await expectRound(of: barrier)
      return status == .exited(0)
    }
  }

  /// One round of tasks of this process.
  private func expectRound(of barrier: Barrier) async throws {
    let numbers = try await withThrowingTaskGroup { group in
      for _ in 0..<barrier.parties { group.addTask { @concurrent in try await barrier.wait() } }
      return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }
    #expect(numbers == Set(0..<barrier.parties))
  }
}

/// Comes again and again until the barrier is broken; counts rounds by number, and actions as 2.
private func pairUp(at barrier: Barrier, _ tally: SharedTally) async throws {
  do {
    while true {
      let number = try await barrier.wait {
        // Now and then long enough for others to find the set full.
        if tally[2] % 16 == 0 { usleep(500) }
        tally.count(2)
      }
      tally.count(number)
    }
  } catch let error as MultiprocessingError where error.code == .brokenBarrier {}
}

private func blockingWait(_ barrier: Barrier, _ timeout: Duration?) throws -> Int {
  try barrier.blocking.wait(timeout: timeout)
}
