import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Waits in many tasks for many primitives, as a system that sleeps on one word at a time would.
private struct PatientWaiter: ProcessTask {
  var lock: Lock
  var events: [Event]
  var semaphore: CountingSemaphore
  var tally: SharedTally
  var isVectorAllowed: Bool

  func run() async throws {
    SharedWait.isVectorAllowed = isVectorAllowed
    try await withThrowingTaskGroup { group in
      for event in events {
        group.addTask { @concurrent in
          try await event.wait()
          tally.count(0)
        }
      }
      for _ in 0..<3 {
        group.addTask { @concurrent in
          try await semaphore.acquire()
          tally.count(0)
        }
        group.addTask { @concurrent in try await lock.withLock { tally.count(0) } }
      }
      try await group.waitForAll()
    }
  }
}

@Suite(.isolated) struct WaitingTests {
  /// Nanoseconds that all threads of a process have run.
  private func runTime(of process: ProcessID) -> UInt64 {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return threads.reduce(0) { sum, thread in
      let text = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/schedstat", encoding: .utf8)
      return sum + (text?.split(separator: " ").first.flatMap { UInt64($0) } ?? 0)
    }
  }

  @Test(arguments: [true, false], [3, 150])
  func `tasks wait for many words at a time, and use no processor`(isVectorAllowed: Bool, count: Int) async throws {
    let (lock, semaphore, tally) = (try Lock(), try CountingSemaphore(value: 0), try SharedTally())
    // A thread a word, where only one can be slept on.
    let events = try (0..<(isVectorAllowed ? count : min(count, 20))).map { _ in try Event() }
    try await lock.acquire()
    let child = try ChildProcess.start(
      PatientWaiter(
        lock: lock, events: events, semaphore: semaphore, tally: tally, isVectorAllowed: isVectorAllowed))
    // A thread that spins would use half a second, each time. Slices of 100 ms need some microseconds each. The child
    // may be slow to get there.
    try await Task.sleep(for: .milliseconds(200))
    var used = UInt64.max
    while used >= 100_000_000 {
      let before = runTime(of: child.id)
      try await Task.sleep(for: .milliseconds(500))
      used = runTime(of: child.id) - before
    }
    #expect(tally[0] == 0)
    for event in events.reversed() { event.set() }
    #expect(await eventually { tally[0] == UInt32(events.count) })
    for _ in 0..<3 { try semaphore.release() }
    #expect(await eventually { tally[0] == UInt32(events.count + 3) })
    try lock.release()
    try await child.value
    #expect(tally[0] == UInt32(events.count + 6))
  }

  @Test func `waits of one word are served one after another`() async throws {
    let semaphore = try CountingSemaphore(value: 0)
    let tally = try SharedTally()
    try await withThrowingTaskGroup { group in
      for _ in 0..<200 {
        group.addTask { @concurrent in
          try await semaphore.acquire()
          tally.count(0)
        }
      }
      for count in 1...200 as ClosedRange<UInt32> {
        try semaphore.release()
        if count % 50 == 0 { #expect(await eventually { tally[0] == count }) }
      }
      try await group.waitForAll()
    }
    #expect(semaphore.value == 0)
  }

  @Test func `waits that are cancelled at any time lose no wake-up`() async throws {
    let semaphore = try CountingSemaphore(value: 0)
    let tally = try SharedTally()
    for _ in 0..<30 {
      let waits = (0..<8).map { _ in
        Task {
          try await semaphore.acquire()
          tally.count(0)
        }
      }
      try await Task.sleep(for: .microseconds(Int.random(in: 0...500)))
      let canceller = Task.detached { for wait in waits.prefix(5) { wait.cancel() } }
      for _ in 0..<3 { try semaphore.release() }
      await canceller.value
      let ended = Task { for wait in waits.prefix(5) { _ = try? await wait.value } }
      await ended.value
      // Three permits, and at least three who want them and are not cancelled.
      #expect(await eventually { semaphore.value == 0 })
      for wait in waits { wait.cancel() }
      for wait in waits { _ = try? await wait.value }
    }
    #expect(tally[0] == 90)
  }

  @Test(.steps) func `a claim that a death cuts short at any step leaves nothing`() async throws {
    let table = try ProcessRegistry.table()
    try await StepDeath.tryAll("a claim") { step in
      let child = try ChildProcess.fork {
        try StepDeath.run(step) { _ = try ProcessRegistry.ownID() }
      }
      let status = try await child.join()
      #expect(table.find(process: child.id) == nil)
      return status == .exited(0)
    }
    #expect(table.used.count < 200)
  }
}
