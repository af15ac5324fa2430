import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// What a child does with a lock.
struct LockTask: ProcessTask {
  enum Kind: Codable {
    case increment(Int)
    case incrementAsync(Int)
    case hold, acquireAndRelease
    case dying(Int)
  }

  var lock: Lock
  var tally: SharedTally
  var kind: Kind

  func run() async throws {
    switch kind {
    case .incrementAsync(let count):
      for _ in 0..<count { try await lock.withLock { tally.countAlone(0) } }
    case .acquireAndRelease:
      if case .acquiredAfterOwnerDied = try await lock.acquire() { tally.count(2) }
      tally.count(1)
      try lock.release()
    case .hold:
      try await lock.acquire()
      tally.count(1)
      try await Task.sleep(for: .seconds(100))
    default: try runBlocking()
    }
  }

  func runBlocking() throws {
    switch kind {
    case .increment(let count):
      for _ in 0..<count { try lock.blocking.withLock { tally.countAlone(0) } }
    case .dying(let step):
      try StepDeath.run(step) {
        try lock.blocking.acquire()
        try lock.release()
      }
    case .hold:
      try lock.blocking.acquire()
      tally.count(1)
      sleep(100)
    case .acquireAndRelease:
      if case .acquiredAfterOwnerDied = try lock.blocking.acquire() { tally.count(2) }
      tally.count(1)
      try lock.release()
    case .incrementAsync: break
    }
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct LockTests {
  @Test func `a lock is taken once, and released once`() async throws {
    let lock = try Lock()
    #expect(try await lock.acquire() == .acquired)
    #expect(lock.isLocked)
    #expect(try lock.tryAcquire() == nil)
    try lock.release()
    #expect(!lock.isLocked)
    let failure = #expect(throws: MultiprocessingError.self) { try lock.release() }
    #expect(failure?.code == .notOwner)
  }

  @Test func `a scope holds the lock, and releases it when its body throws`() async throws {
    let lock = try Lock()
    try await lock.withLock { #expect(lock.isLocked) }
    try await lock.withLock {
      await Task.yield()
      #expect(lock.isLocked)
    }
    await #expect(throws: CancellationError.self) { try await lock.withLock { throw CancellationError() } }
    #expect(!lock.isLocked)
  }

  @Test(arguments: StartMethod.available)
  func `one at a time, in all processes, threads and tasks`(method: StartMethod) async throws {
    let (lock, tally) = (try Lock(), try SharedTally())
    let children = try (0..<2).map { _ in
      try LockTask(lock: lock, tally: tally, kind: .increment(2000)).start(method)
    }
    let others = try (0..<2).map { _ in
      try ChildProcess.start(LockTask(lock: lock, tally: tally, kind: .incrementAsync(500)))
    }
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { @concurrent in for _ in 0..<200 { try await lock.withLock { tally.countAlone(0) } } }
      }
      group.addTask { @concurrent in
        try LockTask(lock: lock, tally: tally, kind: .increment(2000)).runBlocking()
      }
      try await group.waitForAll()
    }
    for child in children + others { try await child.value }
    #expect(tally[0] == 2 * 2000 + 2 * 500 + 4 * 200 + 2000)
  }

  @Test func `another process releases nothing that it does not hold`() async throws {
    let lock = try Lock()
    try await lock.acquire()
    let child = try ChildProcess.start(lock) { lock -> MultiprocessingError.Code? in
      do { try lock.release() } catch let error as MultiprocessingError { return error.code }
      return nil
    }
    #expect(try await child.value == .notOwner)
    #expect(lock.isLocked)
    try lock.release()
  }

  @Test func `a thread of the holder may release`() async throws {
    let lock = try Lock()
    try await lock.acquire()
    try await Task.detached { try lock.release() }.value
    #expect(!lock.isLocked)
  }

  @Test func `a wait ends at its timeout, and leaves the lock as it was`() async throws {
    let lock = try Lock()
    #expect(try await lock.acquire(timeout: .zero) == .acquired)
    let start = ContinuousClock.now
    #expect(try await lock.acquire(timeout: .milliseconds(50)) == nil)
    #expect(ContinuousClock.now - start >= .milliseconds(50))
    #expect(try await lock.acquire(timeout: .zero) == nil)
    #expect(try blockingAcquire(lock, .milliseconds(50)) == nil)
    #expect(ContinuousClock.now - start >= .milliseconds(100))
    try lock.release()
    #expect(try blockingAcquire(lock, .milliseconds(50)) == .acquired)
  }

  @Test func `a cancelled wait ends, and the lock goes to the next`() async throws {
    let lock = try Lock()
    try await lock.acquire()
    let waits = (0..<10).map { _ in Task { try await lock.acquire() } }
    try await Task.sleep(for: .milliseconds(20))
    for wait in waits.prefix(9) { wait.cancel() }
    for wait in waits.prefix(9) { await #expect(throws: CancellationError.self) { try await wait.value } }
    try lock.release()
    #expect(try await waits[9].value == .acquired)
    try lock.release()
  }

  @Test(arguments: StartMethod.available, [true, false])
  func `the lock of a killed holder goes to the next, who is told`(method: StartMethod, isWaiting: Bool) async throws {
    let (lock, tally) = (try Lock(), try SharedTally())
    let holder = try LockTask(lock: lock, tally: tally, kind: .hold).start(method)
    #expect(await eventually { tally[1] == 1 })
    if isWaiting {
      let wait = Task { try await lock.acquire() }
      try await Task.sleep(for: .milliseconds(20))
      try holder.kill()
      #expect(try await wait.value == .acquiredAfterOwnerDied(holder.id))
    } else {
      try holder.kill()
      try await holder.join()
      #expect(!lock.isLocked)
      #expect(try lock.tryAcquire() == .acquiredAfterOwnerDied(holder.id))
    }
    try await holder.join()
    try lock.release()
    #expect(try await lock.acquire() == .acquired)
  }

  @Test func `who does not repair hands the news on`() async throws {
    let (lock, tally) = (try Lock(), try SharedTally())
    let holder = try LockTask(lock: lock, tally: tally, kind: .hold).start()
    #expect(await eventually { tally[1] == 1 })
    try holder.kill()
    for _ in 0..<2 {
      let failure = await #expect(throws: MultiprocessingError.self) { try await lock.withLock {} }
      #expect(failure?.code == .ownerDied)
      #expect(!lock.isLocked)
    }
    var told: ProcessID?
    let value = try await lock.withLock(onOwnerDeath: { told = $0 }) { 5 }
    #expect(value == 5)
    #expect(told == holder.id)
    try await lock.withLock {}
    try await holder.join()
  }

  @Test func `waiters in processes are woken one by one, and by a death`() async throws {
    let (lock, tally) = (try Lock(), try SharedTally())
    let holder = try LockTask(lock: lock, tally: tally, kind: .hold).start()
    #expect(await eventually { tally[1] == 1 })
    let waiters = try StartMethod.available.map {
      try LockTask(lock: lock, tally: tally, kind: .acquireAndRelease).start($0)
    }
    try await Task.sleep(for: .milliseconds(50))
    #expect(tally[1] == 1)
    try holder.kill()
    for waiter in waiters { try await waiter.value }
    #expect(tally[1] == 1 + UInt32(waiters.count))
    #expect(tally[2] == 1)
    try await holder.join()
  }

  @Test(.steps) func `a death at any step leaves a lock that the others get`() async throws {
    let (lock, tally) = (try Lock(), try SharedTally())
    try await StepDeath.tryAll("a lock") { step in
      // Held, so that both come to sleep; who is woken first is not known.
      try await lock.acquire()
      let victim = try LockTask(lock: lock, tally: tally, kind: .dying(step)).start()
      let other = try LockTask(lock: lock, tally: tally, kind: .acquireAndRelease).start()
      _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(other.id) }
      try lock.release()
      try await other.value
      let status = try await victim.join()
      try await lock.acquire()
      try lock.release()
      return status == .exited(0)
    }
    // Few of the steps are those of a holder.
    if StepDeath.isComplete { #expect(tally[2] > 0) }
  }

  @Test func `a signal does not end a wait`() async throws {
    let (lock, tally) = (try Lock(), try SharedTally())
    try await lock.acquire()
    let child = try ChildProcess.start(lock) { lock in
      signal(SIGUSR1) { _ in }
      let main = pthread_self()
      Thread.detachNewThread {
        for _ in 0..<20 {
          usleep(5000)
          pthread_kill(main, SIGUSR1)
        }
      }
      return try blockingAcquire(lock, .milliseconds(200)) == nil
    }
    #expect(try await child.value)
    try lock.release()
    _ = tally
  }

  @Test func `a lock crosses through processes to grandchildren and back`() async throws {
    let lock = try Lock()
    let child = try ChildProcess.start(lock) { lock in
      let inner = try ChildProcess.start(lock) { lock in
        try await lock.acquire()
        return lock
      }
      return try await inner.value
    }
    let same = try await child.value
    #expect(same.memory.block.address == lock.memory.block.address)
  }

  @Test func `another encoder is refused`() throws {
    let failure = #expect(throws: MultiprocessingError.self) { try JSONEncoder().encode(Lock()) }
    #expect(failure?.code == .notTransferable)
  }
}

func blockingAcquire(_ lock: Lock, _ timeout: Duration) throws -> Acquisition? {
  try lock.blocking.acquire(timeout: timeout)
}

/// As `eventually`, for what is likely and not certain.
func eventuallyShort(_ condition: () -> Bool) async -> Bool {
  for _ in 0..<20 {
    if condition() { return true }
    usleep(1000)
  }
  return condition()
}
