import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

struct SemaphoreTask: ProcessTask {
  enum Kind: Codable {
    case acquire, acquireAsync, acquireAndRelease, release, permit
    case permits(Int)
    case hold(Int)
    case dyingRelease(Int)
    case dyingPermit(Int)
  }

  var semaphore: CountingSemaphore
  var tally: SharedTally
  var kind: Kind

  func run() async throws {
    guard case .acquireAsync = kind else { return try runBlocking() }
    try await semaphore.acquire()
    tally.count(0)
  }

  func runBlocking() throws {
    switch kind {
    case .acquire, .acquireAsync:
      try semaphore.blocking.acquire()
      tally.count(0)
    case .release: try semaphore.release()
    case .acquireAndRelease:
      try semaphore.blocking.acquire()
      try semaphore.release()
    case .permit:
      try semaphore.blocking.withPermit {
        tally.count(0)
        sleep(100)
      }
    case .permits(let count):
      for _ in 0..<count {
        try semaphore.blocking.withPermit {
          if tally.word(1).add(1) > 2 { tally.count(2) }
          tally.word(1).add(.max)
        }
      }
    case .hold(let count): try hold(count)
    case .dyingRelease(let step):
      try StepDeath.run(step) {
        try semaphore.blocking.acquire()
        try semaphore.release()
      }
    case .dyingPermit(let step): try StepDeath.run(step) { try semaphore.blocking.withPermit {} }
    }
  }

  private func hold(_ count: Int) throws {
    if count > 0 { return try semaphore.blocking.withPermit { try hold(count - 1) } }
    tally.count(0)
    sleep(100)
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct SemaphoreTests {
  @Test func `a semaphore counts down to zero and up again without end`() async throws {
    let semaphore = try CountingSemaphore(value: 2)
    #expect(semaphore.value == 2)
    try await semaphore.acquire()
    #expect(semaphore.value == 1)
    #expect(semaphore.tryAcquire())
    #expect(semaphore.value == 0)
    #expect(!semaphore.tryAcquire())
    for value in 1...4 {
      try semaphore.release()
      #expect(semaphore.value == value)
    }
  }

  @Test func `a bounded semaphore refuses a release above its initial value`() async throws {
    let semaphore = try BoundedSemaphore(value: 2)
    try await semaphore.acquire()
    #expect(semaphore.tryAcquire())
    #expect(!semaphore.tryAcquire())
    try semaphore.release()
    try semaphore.release()
    let failure = #expect(throws: MultiprocessingError.self) { try semaphore.release() }
    #expect(failure?.code == .notOwner)
    #expect(semaphore.value == 2)
    try await semaphore.withPermit { #expect(semaphore.value == 1) }
    #expect(semaphore.value == 2)
  }

  @Test func `waits end at their timeouts`() async throws {
    let semaphore = try CountingSemaphore(value: 0)
    #expect(!semaphore.tryAcquire())
    #expect(try await !semaphore.acquire(timeout: .zero))
    let start = ContinuousClock.now
    #expect(try await !semaphore.acquire(timeout: .milliseconds(30)))
    #expect(try !blockingAcquire(semaphore, .milliseconds(30)))
    #expect(ContinuousClock.now - start >= .milliseconds(60))
    #expect(throws: MultiprocessingError.self) { try CountingSemaphore(value: -1) }
  }

  @Test(arguments: StartMethod.available)
  func `a release in one process lets another through`(method: StartMethod) async throws {
    let (semaphore, tally) = (try CountingSemaphore(value: 0), try SharedTally())
    let waiters = [
      try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .acquire).start(method),
      try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .acquireAsync).start(),
    ]
    try await Task.sleep(for: .milliseconds(30))
    #expect(tally[0] == 0)
    try await SemaphoreTask(semaphore: semaphore, tally: tally, kind: .release).start(method).value
    #expect(await eventually { tally[0] == 1 })
    try semaphore.release()
    for waiter in waiters { try await waiter.value }
    #expect(tally[0] == 2)
    #expect(semaphore.value == 0)
  }

  @Test func `no more than so many at a time, in all processes and tasks`() async throws {
    let (semaphore, tally) = (try CountingSemaphore(value: 2), try SharedTally())
    let children = try StartMethod.available.map {
      try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .permits(500)).start($0)
    }
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { @concurrent in
          for _ in 0..<200 {
            try await semaphore.withPermit {
              if tally.word(1).add(1) > 2 { tally.count(2) }
              tally.word(1).add(.max)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    for child in children { try await child.value }
    #expect(tally[2] == 0)
    #expect(semaphore.value == 2)
  }

  @Test(arguments: StartMethod.available)
  func `a permit comes back when its process is killed`(method: StartMethod) async throws {
    let (semaphore, tally) = (try CountingSemaphore(value: 1), try SharedTally())
    let holder = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .permit).start(method)
    #expect(await eventually { tally[0] == 1 })
    let wait = Task { try await semaphore.acquire() }
    try await Task.sleep(for: .milliseconds(20))
    #expect(semaphore.value == 0)
    try holder.kill()
    try await wait.value
    try semaphore.release()
    #expect(semaphore.value == 1)
    try await holder.join()
  }

  @Test func `dead processes leave room in the ledger while there are permits`() async throws {
    let (semaphore, tally) = (try CountingSemaphore(value: 16), try SharedTally())
    try semaphore.release()
    let holder = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .hold(16)).start()
    #expect(await eventually { tally[0] == 1 })
    try holder.kill()
    try await holder.join()
    try await semaphore.withPermit {}
    #expect(semaphore.value == 17)
  }

  @Test func `one that finds the ledger full leaves its wake-up to the next`() async throws {
    let (semaphore, tally) = (try CountingSemaphore(value: 16), try SharedTally())
    let holder = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .hold(16)).start()
    #expect(await eventually { tally[0] == 1 })
    let refused = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .permit).start()
    #expect(await eventually { isAsleep(refused.id) })
    let other = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .acquire).start()
    #expect(await eventually { isAsleep(other.id) })
    try semaphore.release()
    try await other.value
    try refused.kill()
    try holder.kill()
    try await refused.join()
    try await holder.join()
    #expect(semaphore.value == 16)
  }

  @Test func `a permit is given back once, and by its owner`() async throws {
    let state = try SemaphoreState(value: 2, isBounded: false)
    let permit = try await state.permit()
    let copy = try ChildProcess.fork { state.giveBack(permit) }
    try await copy.value
    #expect(state.value == 1)
    state.giveBack(permit)
    #expect(state.value == 2)
    state.giveBack(permit)
    #expect(state.value == 2)
  }

  @Test func `a cancelled wait takes no permit`() async throws {
    let semaphore = try CountingSemaphore(value: 0)
    let waits = (0..<20).map { _ in Task { try await semaphore.acquire() } }
    try await Task.sleep(for: .milliseconds(20))
    for wait in waits.prefix(19) { wait.cancel() }
    try semaphore.release()
    var taken = 0
    for wait in waits.prefix(19) where (try? await wait.value) != nil { taken += 1 }
    if taken == 0 { try await waits[19].value } else { waits[19].cancel() }
    _ = try? await waits[19].value
    #expect(semaphore.value == 0)
  }

  @Test(.steps) func `a death at any step of a plain acquire and release wedges nobody`() async throws {
    let tally = try SharedTally()
    try await StepDeath.tryAll("a plain acquire and release") { step in
      let semaphore = try CountingSemaphore(value: 0)
      let victim = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .dyingRelease(step)).start()
      let other = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .acquireAndRelease).start()
      _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(other.id) }
      try semaphore.release()
      let status = try await victim.join()
      // A plain permit that died with the victim is nobody's: it is given again. It may not have died, but be in the
      // hand of the other for this moment.
      var releases = 1
      if case .signaled = status, semaphore.value == 0, !other.process.hasEnded {
        try semaphore.release()
        releases += 1
      }
      try await other.value
      #expect((0...releases).contains(semaphore.value))
      return status == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of withPermit leaves the count right`() async throws {
    let tally = try SharedTally()
    for value in [1, 0] {
      try await StepDeath.tryAll("withPermit, \(value) at first") { step in
        let semaphore = try CountingSemaphore(value: value)
        let victim = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .dyingPermit(step)).start()
        let other = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .permits(3)).start()
        if value == 0 {
          _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(other.id) }
          try semaphore.release()
        }
        let status = try await victim.join()
        try await other.value
        #expect(semaphore.value == 1, "killed before step \(step)")
        return status == .exited(0)
      }
    }
  }
}

func blockingAcquire(_ semaphore: CountingSemaphore, _ timeout: Duration) throws -> Bool {
  try semaphore.blocking.acquire(timeout: timeout)
}
