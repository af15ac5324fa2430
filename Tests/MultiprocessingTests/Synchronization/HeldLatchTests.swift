import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// What looks do while the latch of a primitive is held, as by a process that was stopped inside.
@Suite(.isolated) struct HeldLatchTests {
  private let mode = LookMode(announces: false, hasSlept: false)

  private func expectSleep<Result>(on latch: UnsafeMutableRawPointer, _ look: WaitLook<Result>) {
    guard case .sleep(let word, _) = look else {
      Issue.record("the look went past the latch")
      return
    }
    #expect(word.key == SharedLongWord(at: latch).lowerHalf.key)
  }

  @Test func `a wait for a permit sleeps on it, can be cancelled, and goes on when it is free`() async throws {
    let state = try SemaphoreState(value: 2, isBounded: false)
    let address = state.memory.block.address + 8
    let latch = Latch(at: address, wakesAll: true)
    _ = try latch.acquire()
    expectSleep(on: address, try state.lookForPermit(mode))
    let waits = (0..<2).map { _ in Task { try await state.permit() } }
    let thread = Task.detached { try state.permitBlocking() }
    try await Task.sleep(for: .milliseconds(30))
    waits[0].cancel()
    await #expect(throws: CancellationError.self) { try await waits[0].value }
    latch.release()
    state.giveBack(try await waits[1].value)
    state.giveBack(try await thread.value)
    #expect(state.value == 2)
  }

  @Test func `who needs no latch gets a permit though the first in line needs one`() async throws {
    let semaphore = try CountingSemaphore(value: 0)
    let state = semaphore.state
    let latch = Latch(at: state.memory.block.address + 8, wakesAll: true)
    let first = Task { try await state.permit() }
    try await Task.sleep(for: .milliseconds(20))
    let second = Task { try await semaphore.acquire() }
    try await Task.sleep(for: .milliseconds(20))
    _ = try latch.acquire()
    try semaphore.release()
    try await second.value
    let third = Task { try await semaphore.acquire() }
    try await Task.sleep(for: .milliseconds(20))
    try semaphore.release()
    try await third.value
    latch.release()
    try semaphore.release()
    state.giveBack(try await first.value)
    #expect(state.value == 1)
  }

  @Test func `a permit of a dead process is had when it is free`() async throws {
    let (semaphore, tally) = (try CountingSemaphore(value: 1), try SharedTally())
    let holder = try SemaphoreTask(semaphore: semaphore, tally: tally, kind: .permit).start()
    #expect(await eventually { tally[0] == 1 })
    let state = semaphore.state
    let address = state.memory.block.address + 8
    let latch = Latch(at: address, wakesAll: true)
    _ = try latch.acquire()
    try holder.kill()
    try await holder.join()
    #expect(try await !semaphore.acquire(timeout: .milliseconds(20)))
    let waits = [
      Task { try await semaphore.acquire() }, Task { try await onThread { try semaphore.blocking.acquire() } },
    ]
    try await Task.sleep(for: .milliseconds(20))
    // Releases are noticed all the same.
    for _ in waits { try semaphore.release() }
    for wait in waits { try await wait.value }
    let last = Task { try await semaphore.acquire() }
    try await Task.sleep(for: .milliseconds(20))
    latch.release()
    // Who gives it up collects; a test does not.
    _ = semaphore.value
    try await last.value
    #expect(semaphore.value == 0)
  }

  @Test func `a wait for a place at a barrier goes on when it is free`() async throws {
    let barrier = try Barrier(parties: 2)
    let address = barrier.state.memory.block.address + 8
    let latch = Latch(at: address, wakesAll: true)
    _ = try latch.acquire()
    expectSleep(on: address, try barrier.state.lookForPlace(mode))
    let waits = (0..<2).map { _ in Task { try await barrier.wait() } }
    try await Task.sleep(for: .milliseconds(20))
    latch.release()
    #expect(try await waits[0].value + waits[1].value == 1)
  }
}
