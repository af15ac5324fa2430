import Foundation
import MultiprocessingSystem
import Synchronization
import Testing

@testable import Multiprocessing

struct RecursiveLockTask: ProcessTask {
  enum Kind: Codable {
    case increment(Int)
    case hold
    case dying(Int)
  }

  var lock: RecursiveLock
  var tally: SharedTally
  var kind: Kind

  func run() async throws { try runBlocking() }

  func runBlocking() throws {
    switch kind {
    case .increment(let count):
      for _ in 0..<count {
        try lock.blocking.withLock(onOwnerDeath: { _ in }) { try lock.blocking.withLock { tally.countAlone(0) } }
      }
    case .hold:
      try lock.blocking.withLock {
        try lock.blocking.acquire()
        tally.count(1)
        sleep(100)
      }
    case .dying(let step): try StepDeath.run(step) { try lock.blocking.withLock { try lock.blocking.withLock {} } }
    }
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }
}

@Suite(.isolated) struct RecursiveLockTests {
  /// On one thread: a test is a task, which may change threads between its awaits.
  private func onOneThread(_ body: () throws -> Void) throws { try body() }

  @Test func `three acquires need three releases, and a fourth is refused`() throws {
    let lock = try RecursiveLock()
    for _ in 0..<3 { #expect(try lock.blocking.acquire() == .acquired) }
    for _ in 0..<3 { try lock.blocking.release() }
    let failure = #expect(throws: MultiprocessingError.self) { try lock.blocking.release() }
    #expect(failure?.code == .notOwner)
  }

  @Test func `another thread has to wait, and may not release`() throws {
    let lock = try RecursiveLock()
    try lock.blocking.acquire()
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      let attempts = Result { [try lock.blocking.tryAcquire(), try lock.blocking.acquire(timeout: .milliseconds(20))] }
      #expect((try? attempts.get()) == [nil, nil])
      #expect(throws: MultiprocessingError.self) { try lock.blocking.release() }
      done.signal()
    }
    done.wait()
    try lock.blocking.release()
    #expect(try lock.blocking.tryAcquire() == .acquired)
    try lock.blocking.release()
  }

  /// Runs `body` on a new thread; the kernel's number of that.
  @discardableResult private func onNewThread(_ body: @escaping @Sendable () -> Void) -> Int {
    let done = DispatchSemaphore(value: 0)
    let number = Mutex(0)
    Thread.detachNewThread {
      let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
      number.withLock { $0 = path?.split(separator: "/").last.flatMap { Int($0) } ?? 0 }
      body()
      done.signal()
    }
    done.wait()
    return number.withLock { $0 }
  }

  @Test func `a thread with the number of one that ended holding it does not hold it`() throws {
    let numbers = Mutex(Set<UInt32>())
    for _ in 0..<50 { onNewThread { numbers.withLock { _ = $0.insert(OwnID.thread) } } }
    #expect(numbers.withLock { $0.count } == 50)
    // Where the kernel may be told its next number, a new thread has that of one that ended, unless another was faster.
    let last = URL(fileURLWithPath: "/proc/sys/kernel/ns_last_pid")
    var isReused = false
    for _ in 0..<200 where !isReused {
      let lock = try RecursiveLock()
      let first = onNewThread { _ = try? lock.blocking.acquire() }
      usleep(1000)
      guard (try? Data("\(first - 1)".utf8).write(to: last)) != nil else { return }
      let attempt = Mutex<Acquisition?>(nil)
      let number = onNewThread {
        let found = try? lock.blocking.tryAcquire()
        attempt.withLock { $0 = found }
      }
      #expect(attempt.withLock { $0 } == nil, "thread \(number) took the lock of thread \(first)")
      isReused = number == first
    }
    #expect(isReused)
  }

  @Test(arguments: StartMethod.available)
  func `one thread at a time, in all processes`(method: StartMethod) async throws {
    let (lock, tally) = (try RecursiveLock(), try SharedTally())
    let task = RecursiveLockTask(lock: lock, tally: tally, kind: .increment(1000))
    let children = try (0..<2).map { _ in try task.start(method) }
    for _ in 0..<2 { try task.runBlocking() }
    for child in children { try await child.value }
    #expect(tally[0] == 4000)
  }

  @Test func `the lock of a killed holder goes to the next, who is told`() async throws {
    let (lock, tally) = (try RecursiveLock(), try SharedTally())
    let holder = try RecursiveLockTask(lock: lock, tally: tally, kind: .hold).start()
    #expect(await eventually { tally[1] == 1 })
    try holder.kill()
    try await holder.join()
    try onOneThread { () throws -> Void in
      #expect(throws: MultiprocessingError.self) { try lock.blocking.withLock {} }
      #expect(try lock.blocking.acquire() == .acquiredAfterOwnerDied(holder.id))
      try lock.blocking.release()
      #expect(try lock.blocking.acquire() == .acquired)
      try lock.blocking.release()
    }
  }

  @Test(.steps) func `a death at any step leaves a lock that the others get`() async throws {
    let (lock, tally) = (try RecursiveLock(), try SharedTally())
    try await StepDeath.tryAll("a recursive lock") { step in
      let victim = try RecursiveLockTask(lock: lock, tally: tally, kind: .dying(step)).start()
      let other = try RecursiveLockTask(lock: lock, tally: tally, kind: .increment(20)).start()
      try await other.value
      let status = try await victim.join()
      try RecursiveLockTask(lock: lock, tally: tally, kind: .increment(1)).runBlocking()
      return status == .exited(0)
    }
  }
}
