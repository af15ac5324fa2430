import Foundation
import MultiprocessingSystem
import Synchronization
import Testing

@testable import Multiprocessing

/// Uses a primitive and is stopped at one step of that; word 9 of the tally: it is about to begin.
private struct StoppedUser: ProcessTask {
  enum Use: Codable {
    case permit(CountingSemaphore)
    case wait(Condition)
    case notify(Condition)
    case barrier(Barrier)
    case breakUp(Barrier)
  }

  var use: Use
  var tally: SharedTally
  var step: Int

  func run() async throws { try runBlocking() }

  func runBlocking() throws {
    tally.count(9)
    Steps.stop(before: step)
    defer { Steps.stop(before: 0) }
    switch use {
    case .permit(let semaphore):
      try semaphore.blocking.withPermit {}
      _ = semaphore.value
    case .wait(let condition):
      try condition.lock.blocking.withLock { _ = try condition.blocking.wait(timeout: .milliseconds(1)) }
    case .notify(let condition):
      try condition.lock.blocking.withLock { try condition.notify(2) }
    case .barrier(let barrier): _ = try? barrier.blocking.wait(timeout: .milliseconds(1))
    case .breakUp(let barrier):
      _ = barrier.waitingCount
      barrier.abort()
      barrier.reset()
    }
  }
}

/// While a process is stopped inside an operation, no other waits for it but by a lock or permit that it holds, and
/// nobody beyond its time.
@Suite(.isolated) struct StoppedHolderTests {
  /// Runs `body` while a process is stopped before each step of a use in turn, and `after` when it has gone on.
  private func stopAtEachStep(
    of what: String, _ use: () throws -> StoppedUser.Use,
    _ body: @escaping @Sendable (StoppedUser.Use) async throws -> Void,
    after: (StoppedUser.Use) async throws -> Void
  ) async throws {
    var step = StepDeath.isComplete ? 1 : Int.random(in: 1...3)
    var count = 0
    while true {
      let (use, tally) = (try use(), try SharedTally())
      let child = try ChildProcess.start(StoppedUser(use: use, tally: tally, step: step))
      defer { kill(child.id, SIGCONT) }
      #expect(
        await eventually {
          tally[9] == 1 && ProcessInspection.state(of: child.id) == "T" || child.process.hasEnded
        })
      let isStopped = !child.process.hasEnded
      try await expectEnd("step \(step) of \(what)") { try await body(use) }
      kill(child.id, SIGCONT)
      try await child.value
      try await after(use)
      guard isStopped else { break }
      count += 1
      step += StepDeath.isComplete ? 1 : Int.random(in: 1...4)
    }
    print("stopped at \(count) steps of \(what)")
  }

  /// On a thread of the pool; a wait that blocks it does not keep the test from going on.
  private func expectEnd(_ what: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let hasEnded = Mutex(false)
    let task = Task.detached {
      defer { hasEnded.withLock { $0 = true } }
      try await body()
    }
    let isOver = await eventually { hasEnded.withLock { $0 } }
    #expect(isOver, "others wait for a process that is stopped before \(what)")
    if isOver { try await task.value }
  }

  @Test(.steps) func `a semaphore`() async throws {
    try await stopAtEachStep(of: "withPermit") {
      .permit(try CountingSemaphore(value: 3))
    } _: { use in
      guard case .permit(let semaphore) = use else { return }
      // It holds one permit at most, and the latch perhaps.
      let wait = Task { try await semaphore.withPermit {} }
      try await Task.sleep(for: .milliseconds(1))
      wait.cancel()
      _ = await wait.result
      #expect(try await semaphore.acquire(timeout: .milliseconds(50)))
      #expect(semaphore.tryAcquire())
      try semaphore.release()
      try semaphore.release()
      #expect((2...3).contains(semaphore.value))
    } after: { use in
      guard case .permit(let semaphore) = use else { return }
      #expect(semaphore.value == 3)
    }
  }

  @Test(.steps) func `a permit that is given back while the latch is held is there when it is free`() async throws {
    let state = try SemaphoreState(value: 1, isBounded: true)
    let latch = Latch(at: state.memory.block.address + 8, wakesAll: true)
    let permit = try await state.permit()
    _ = try latch.acquire()
    try await expectEnd("giving back") { state.giveBack(permit) }
    let wait = Task { try await state.permit() }
    try await Task.sleep(for: .milliseconds(20))
    latch.release()
    state.giveBack(try await wait.value)
    #expect(state.value == 1)
    // And when its holder dies inside.
    #expect(state.tryAcquire())
    #expect(!state.tryAcquire())
  }

  private func waitAndNotify(_ condition: Condition) async throws {
    guard try await condition.lock.acquire(timeout: .milliseconds(5)) != nil else { return }
    #expect(try await !condition.wait(timeout: .milliseconds(2)))
    let wait = Task {
      // The lock may be the other's by then.
      guard try await condition.lock.acquire(timeout: .milliseconds(5)) != nil else { return }
      try? await condition.wait()
      try condition.lock.release()
    }
    try condition.lock.release()
    try await Task.sleep(for: .milliseconds(2))
    wait.cancel()
    // It may not even have begun.
    do { try await wait.value } catch is CancellationError {}
    try await condition.lock.acquire()
    try condition.notify()
    try condition.lock.release()
  }

  @Test(.steps, arguments: [true, false]) func `a condition`(waits: Bool) async throws {
    try await stopAtEachStep(of: waits ? "a condition's wait" : "a notification") {
      waits ? .wait(try Condition()) : .notify(try Condition())
    } _: { use in
      guard case .wait(let condition) = use else {
        guard case .notify(let condition) = use else { return }
        return try await waitAndNotify(condition)
      }
      try await waitAndNotify(condition)
    } after: { use in
      guard case .wait(let condition) = use else { return }
      // Nothing is left of it: its place is free, and the next notification is for another.
      let wait = Task { try await condition.withLock { try await condition.wait() } }
      while !wait.isCancelled {
        try await condition.withLock { try condition.notify() }
        if await ended(wait) { break }
      }
      try await wait.value
    }
  }

  private func ended(_ wait: Task<Void, any Error>) async -> Bool {
    let isOver = Mutex(false)
    Task {
      _ = await wait.result
      isOver.withLock { $0 = true }
    }
    return await eventuallyShort { isOver.withLock { $0 } }
  }

  @Test(.steps, arguments: [true, false]) func `a barrier`(waits: Bool) async throws {
    try await stopAtEachStep(of: waits ? "a barrier's wait" : "an abort and a reset") {
      waits ? .barrier(try Barrier(parties: 3)) : .breakUp(try Barrier(parties: 3))
    } _: { use in
      guard case .barrier(let barrier) = use else {
        guard case .breakUp(let barrier) = use else { return }
        return try await useUp(barrier)
      }
      try await useUp(barrier)
    } after: { use in
      guard case .barrier(let barrier) = use else { return }
      barrier.reset()
      let sum = try await withThrowingTaskGroup { group in
        for _ in 0..<3 { group.addTask { @concurrent in try await barrier.wait() } }
        return try await group.reduce(0, +)
      }
      #expect(sum == 3)
    }
  }

  /// Breaks a barrier in every way.
  private func useUp(_ barrier: Barrier) async throws {
    await #expect(throws: MultiprocessingError.self) { try await barrier.wait(timeout: .milliseconds(2)) }
    barrier.reset()
    let wait = Task { try await barrier.wait() }
    try await Task.sleep(for: .milliseconds(2))
    wait.cancel()
    await #expect(throws: CancellationError.self) { try await wait.value }
    barrier.reset()
    #expect(!barrier.isBroken)
    _ = barrier.waitingCount
    barrier.abort()
    #expect(barrier.isBroken)
  }
}
