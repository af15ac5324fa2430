import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Waits with a time limit in a process that can open no descriptor any more; 1: the wait ended at its time.
private struct PoorWaiter: ProcessTask {
  var semaphore: CountingSemaphore
  var condition: Condition
  var tally: SharedTally

  func run() async throws {
    // Dispatch opens descriptors for its first timer, and ends the process where it cannot.
    try await Task.sleep(for: .milliseconds(5))
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let before = limit.rlim_cur
    limit.rlim_cur = 3
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let start = ContinuousClock.now
    let isHad = try await semaphore.acquire(timeout: .milliseconds(30))
    let completion = Completion<Int>()
    let value = try await completion.wait(timeout: .milliseconds(30))
    try await condition.lock.acquire()
    let isNotified = try await condition.wait(timeout: .milliseconds(30))
    let time = ContinuousClock.now - start
    limit.rlim_cur = before
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    try condition.lock.release()
    if !isHad, value == nil, !isNotified, time >= .milliseconds(90) { tally.count(0) }
  }
}

@Suite(.isolated) struct ShortMeansTests {
  @Test func `a wait has its time limit without a descriptor`() async throws {
    let tally = try SharedTally()
    let child = try ChildProcess.start(
      PoorWaiter(semaphore: try CountingSemaphore(value: 0), condition: try Condition(), tally: tally))
    let status = try await child.join(timeout: .seconds(20))
    #expect(status == .exited(0), "the wait does not end")
    if status == nil { try child.kill() }
    try await child.join()
    #expect(tally[0] == 1)
  }
}
