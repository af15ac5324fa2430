import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Word 0: who sleeps; 1: who woke; 2: tokens; 3: tokens taken.
struct ConditionTask: ProcessTask {
  enum Kind: Codable {
    case wait(Duration?)
    case waitAsync, take
    case dyingTake(Int)
    case put
    case dyingPut(Int)
    case countTo(Int)
  }

  var condition: Condition
  var tally: SharedTally
  var kind: Kind

  func run() async throws {
    guard case .waitAsync = kind else { return try runBlocking() }
    try await condition.withLock {
      tally.count(0)
      try await condition.wait()
      tally.count(1)
    }
  }

  func runBlocking() throws {
    switch kind {
    case .wait(let timeout):
      try condition.blocking.withLock {
        tally.count(0)
        let isNotified = try timeout.map { try condition.blocking.wait(timeout: $0) } ?? forever()
        tally.count(isNotified ? 1 : 4)
      }
    case .take: try take()
    case .dyingTake(let step): try StepDeath.run(step) { try take() }
    case .put: try put()
    case .dyingPut(let step): try StepDeath.run(step) { try put() }
    case .countTo(let count):
      for _ in 0..<count {
        try condition.blocking.withLock {
          tally.countAlone(2)
          try condition.notify()
        }
      }
    case .waitAsync: break
    }
  }

  private func forever() throws -> Bool {
    try condition.blocking.wait()
    return true
  }

  func put() throws {
    try condition.lock.blocking.withLock(onOwnerDeath: { _ in }) {
      tally[2] += 1
      try condition.notify()
    }
  }

  private func take() throws {
    try condition.lock.blocking.withLock(onOwnerDeath: { _ in }) {
      while true {
        do {
          try condition.blocking.wait { tally[2] > 0 }
          break
        } catch let error as MultiprocessingError where error.code == .ownerDied {
          continue
        }
      }
      tally[2] -= 1
    }
    tally.count(3)
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct ConditionTests {
  /// Waiters in processes and tasks, all asleep.
  private func waiters(
    _ count: Int, _ method: StartMethod, _ condition: Condition, _ tally: SharedTally, timeout: Duration? = nil
  ) async throws -> [Task<Void, any Error>] {
    let task = ConditionTask(condition: condition, tally: tally, kind: .wait(timeout))
    let own = ConditionTask(condition: condition, tally: tally, kind: .waitAsync)
    let before = tally[0]
    let all = try (0..<count).map { index in
      if index % 2 == 1, timeout == nil { return Task { try await own.run() } }
      let child = try task.start(method)
      return Task { try await child.value }
    }
    // The last of them gives up the lock when it waits.
    #expect(await eventually { tally[0] == before + UInt32(count) && !condition.lock.isLocked })
    return all
  }

  private func notify(_ condition: Condition, _ count: Int) async throws {
    try await condition.withLock { try condition.notify(count) }
  }

  @Test(arguments: StartMethod.available)
  func `each notification wakes one, in processes and tasks`(method: StartMethod) async throws {
    let (condition, tally) = (try Condition(), try SharedTally())
    let all = try await waiters(2, method, condition, tally)
    #expect(tally[1] == 0)
    for count in 1...2 as ClosedRange<UInt32> {
      try await notify(condition, 1)
      #expect(await eventually { tally[1] == count })
      try await Task.sleep(for: .milliseconds(20))
      #expect(tally[1] == count)
    }
    for wait in all { try await wait.value }
    #expect(!condition.lock.isLocked)
  }

  @Test(arguments: StartMethod.available) func `all are woken, or time out`(method: StartMethod) async throws {
    let (condition, tally) = (try Condition(), try SharedTally())
    for wait in try await waiters(3, method, condition, tally, timeout: .milliseconds(50)) { try await wait.value }
    #expect(tally[1] == 0)
    #expect(tally[4] == 3)
    let all = try await waiters(6, method, condition, tally)
    #expect(tally[1] == 0)
    try await condition.withLock { try condition.notifyAll() }
    for wait in all { try await wait.value }
    #expect(tally[1] == 6)
  }

  @Test func `as many are woken as are notified`() async throws {
    let (condition, tally) = (try Condition(), try SharedTally())
    let all = try await waiters(6, .forkServer, condition, tally)
    for (count, sum) in [(2, 2), (4, 6), (3, 6)] {
      try await notify(condition, count)
      #expect(await eventually { tally[1] == UInt32(sum) })
      try await Task.sleep(for: .milliseconds(20))
      #expect(tally[1] == UInt32(sum))
    }
    for wait in all { try await wait.value }
  }

  @Test func `the lock must be held`() async throws {
    let condition = try Condition()
    await expectNotOwner { try await condition.wait() }
    await expectNotOwner { try condition.notify() }
    await expectNotOwner { try condition.notifyAll() }
  }

  private func expectNotOwner(_ body: () async throws -> Void) async {
    let failure = await #expect(throws: MultiprocessingError.self) { try await body() }
    #expect(failure?.code == .notOwner)
  }

  @Test func `a wait ends at its timeout, with the lock held`() async throws {
    let condition = try Condition()
    try await condition.withLock {
      var results = [try await condition.wait(timeout: .zero)]
      let start = ContinuousClock.now
      results.append(try await condition.wait(timeout: .milliseconds(50)))
      results.append(try await condition.wait(timeout: .milliseconds(50)) { false })
      #expect(results == [false, false, false])
      #expect(ContinuousClock.now - start >= .milliseconds(100))
      #expect(condition.lock.isLocked)
    }
    #expect(!condition.lock.isLocked)
  }

  @Test(arguments: StartMethod.available) func `a predicate is waited for across processes`(method: StartMethod)
    async throws
  {
    let (condition, tally) = (try Condition(), try SharedTally())
    let child = try ConditionTask(condition: condition, tally: tally, kind: .countTo(4)).start(method)
    try await condition.withLock { try await condition.wait { tally[2] >= 4 } }
    #expect(tally[2] == 4)
    try await child.value
    #expect(try await child.join() == .exited(0))
  }

  @Test func `a cancelled wait ends with the lock held, and takes no notification`() async throws {
    let (condition, tally) = (try Condition(), try SharedTally())
    let all = try await waiters(1, .forkServer, condition, tally)
    let wait = Task {
      try await condition.withLock {
        tally.count(0)
        do { try await condition.wait() } catch { return condition.lock.isLocked }
        return false
      }
    }
    #expect(await eventually { tally[0] == 2 && !condition.lock.isLocked })
    wait.cancel()
    #expect(try await wait.value)
    try await notify(condition, 1)
    for wait in all { try await wait.value }
  }

  @Test func `a cancelled wait waits for a lock that another holds`() async throws {
    let (condition, tally) = (try Condition(), try SharedTally())
    let wait = Task {
      try await condition.withLock {
        tally.count(0)
        do { try await condition.wait() } catch { return (error is CancellationError, tally[1]) }
        return (false, tally[1])
      }
    }
    #expect(await eventually { tally[0] == 1 && !condition.lock.isLocked })
    try await condition.withLock {
      wait.cancel()
      try await Task.sleep(for: .milliseconds(30))
      tally.count(1)
    }
    #expect(try await wait.value == (true, 1))
  }

  @Test func `a notification of one that never waited goes to the next`() throws {
    let (state, lock, own) = (try ConditionState(), try Lock(), try ProcessRegistry.ownID())
    let places = [state.enlist(own), state.enlist(own)]
    state.notify(1)
    state.passOn(places[0])
    guard case .done = state.look(places[1], lock, since: lock.takeovers.load()) else {
      Issue.record("the notification is lost")
      return
    }
    state.leave(places[1])
    // Without a notification there is nothing to pass on, and the place is free.
    let (third, fourth) = (state.enlist(own), state.enlist(own))
    state.passOn(third)
    #expect(!state.giveUp(fourth))
  }

  @Test func `more wait than there are slots`() async throws {
    let (condition, tally) = (try Condition(), try SharedTally())
    let count = ConditionState.slotCount + 20
    try await withThrowingTaskGroup { group in
      for _ in 0..<count {
        group.addTask { @concurrent in
          try await ConditionTask(condition: condition, tally: tally, kind: .waitAsync).run()
        }
      }
      #expect(await eventually { tally[0] == UInt32(count) && !condition.lock.isLocked })
      #expect(tally[1] == 0)
      try await condition.withLock { try condition.notifyAll() }
      try await group.waitForAll()
    }
    #expect(tally[1] == UInt32(count))
  }

  @Test func `conditions may share a lock`() async throws {
    let lock = try Lock()
    let (first, second) = (try Condition(lock: lock), try Condition(lock: lock))
    #expect(first.lock === lock)
    let tally = try SharedTally()
    let all = try await waiters(1, .forkServer, first, tally)
    try await notify(second, 1)
    try await Task.sleep(for: .milliseconds(20))
    #expect(tally[1] == 0)
    try await notify(first, 1)
    for wait in all { try await wait.value }
  }

  @Test(.steps) func `a waiter killed at any step loses no notification`() async throws {
    try await StepDeath.tryAll("a condition's wait") { step in
      let (condition, tally) = (try Condition(), try SharedTally())
      let victim = try ConditionTask(condition: condition, tally: tally, kind: .dyingTake(step)).start()
      let other = try ConditionTask(condition: condition, tally: tally, kind: .take).start()
      _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(other.id) }
      return try await finish(victim, [other], condition, tally)
    }
  }

  @Test(.steps) func `a notifier killed at any step leaves no waiter asleep before what it put`() async throws {
    try await StepDeath.tryAll("a notification") { step in
      let (condition, tally) = (try Condition(), try SharedTally())
      let others = try (0..<2).map { _ in
        try ConditionTask(condition: condition, tally: tally, kind: .take).start()
      }
      _ = await eventuallyShort { others.allSatisfy { isAsleep($0.id) } }
      let victim = try ConditionTask(condition: condition, tally: tally, kind: .dyingPut(step)).start()
      return try await finish(victim, others, condition, tally)
    }
  }

  /// A token that is there is taken without any further notification; when there is none, one is put for each that waits.
  private func finish(
    _ victim: ChildProcess<Void>, _ others: [ChildProcess<Void>], _ condition: Condition, _ tally: SharedTally
  ) async throws -> Bool {
    let putter = ConditionTask(condition: condition, tally: tally, kind: .put)
    try putter.put()
    while victim.isAlive || others.contains(where: \.isAlive) {
      if await eventuallyShort({ tally[2] > 0 }) {
        #expect(await eventually { tally[2] == 0 || !others.contains(where: \.isAlive) }, "a token lies there")
      } else {
        try putter.put()
      }
    }
    for other in others { try await other.value }
    return try await victim.join() == .exited(0)
  }
}
