import Foundation
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct JoinTests {
  @Test(arguments: StartMethod.forTasks)
  func `a join with no or negative time only looks`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    #expect(try await child.join(timeout: .zero) == nil)
    #expect(try await child.join(timeout: .seconds(-1)) == nil)
    #expect(child.isAlive)
    #expect(child.terminationStatus == nil)
    try child.kill()
    try await child.join()
    #expect(try await child.join(timeout: .zero) == .signaled(SIGKILL))
  }

  @Test(arguments: StartMethod.forTasks)
  func `a join gives up after its timeout and not before`(method: StartMethod) async throws {
    let child = try ChildProcess.start(context: ProcessContext(method)) { try await Task.sleep(for: .seconds(100)) }
    let start = ContinuousClock.now
    #expect(try await child.join(timeout: .milliseconds(80)) == nil)
    #expect(ContinuousClock.now - start >= .milliseconds(80))
    try child.kill()
    #expect(try await child.join(timeout: .seconds(50)) == .signaled(SIGKILL))
  }

  @Test(arguments: StartMethod.forTasks)
  func `status and liveness are right before, at and after the end`(method: StartMethod) async throws {
    let mayEnd = try Event()
    let child = try ChildProcess.start(mayEnd, context: ProcessContext(method)) { try await $0.wait() }
    #expect(child.isAlive)
    #expect(child.terminationStatus == nil)
    mayEnd.set()
    #expect(try await child.join() == .exited(0))
    #expect(!child.isAlive)
    #expect(child.terminationStatus == .exited(0))
    #expect(try await child.join() == .exited(0))
  }

  @Test func `an end is seen without a join`() async throws {
    let child = try ChildProcess.start {}
    #expect(await eventually { !child.isAlive })
    #expect(child.terminationStatus == .exited(0))
  }

  @Test func `many tasks and threads may join one child`() async throws {
    let child = try ChildProcess.start { try await Task.sleep(for: .milliseconds(30)) }
    let thread = Task.detached { blockingJoin(child) }
    let statuses = try await withThrowingTaskGroup(of: TerminationStatus.self) { group in
      for _ in 0..<20 { group.addTask { try await child.join() } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(statuses == [.exited(0)])
    #expect(await thread.value == .exited(0))
  }

  @Test func `cancelling a wait stops the waiting and not the child`() async throws {
    let child = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    for wait in [
      Task { _ = try await child.join() }, Task { _ = try await child.value },
      Task { _ = try await child.join(timeout: .seconds(90)) },
    ] {
      wait.cancel()
      await #expect(throws: CancellationError.self) { try await wait.value }
    }
    #expect(child.isAlive)
    try child.kill()
    try await child.join()
  }

  @Test func `code that is not async waits with the blocking forms`() async throws {
    let child = try ChildProcess.start(20) { $0 + 1 }
    #expect(try blockingValue(child) == 21)
    #expect(blockingJoin(child) == .exited(0))
    let sleeper = try ChildProcess.start { try await Task.sleep(for: .seconds(100)) }
    #expect(blockingJoin(sleeper, timeout: .zero) == nil)
    #expect(blockingJoin(sleeper, timeout: .milliseconds(20)) == nil)
    try sleeper.kill()
    #expect(blockingJoin(sleeper, timeout: .seconds(50)) == .signaled(SIGKILL))
    #expect(throws: MultiprocessingError.self) { try blockingValue(sleeper) }
  }

  @Test func `a join survives signals to the parent`() async throws {
    let interrupted = try ChildProcess.start {
      signal(SIGUSR1) { _ in signalCount += 1 }
      let mayEnd = try Event()
      let child = try ChildProcess.start(mayEnd) { try await $0.wait() }
      let me = getpid()
      Thread.detachNewThread {
        while signalCount <= 10 {
          kill(me, SIGUSR1)
          usleep(5000)
        }
        mayEnd.set()
      }
      let status = blockingJoin(child)
      return status == .exited(0) && signalCount > 10
    }
    #expect(try await interrupted.value)
  }
}

// SAFETY: written by the handler alone, in a child made for it; a torn read is impossible for a word.
nonisolated(unsafe) private var signalCount = 0

func blockingJoin<Output>(_ child: ChildProcess<Output>) -> TerminationStatus? { try? child.blocking.join() }

func blockingJoin<Output>(_ child: ChildProcess<Output>, timeout: Duration) -> TerminationStatus? {
  try? child.blocking.join(timeout: timeout)
}

func blockingValue<Output>(_ child: ChildProcess<Output>) throws -> Output { try child.blocking.value() }
