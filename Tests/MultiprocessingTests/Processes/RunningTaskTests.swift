import Synchronization
import Testing

@testable import Multiprocessing

@Suite struct RunningTaskTests {
  @Test func `a cancellation handler may cancel its task again`() async {
    let running = RunningTask()
    let count = await running.run {
      let handled = Mutex(0)
      await withTaskCancellationHandler {
        running.cancel()
      } onCancel: {
        running.cancel()
        handled.withLock { $0 += 1 }
      }
      return handled.withLock { $0 }
    }
    #expect(count == 1)
  }

  @Test func `a cancellation handler that takes its time blocks nobody else who cancels`() async throws {
    let running = RunningTask()
    let (begun, handling, cancelledAgain) = (Completion<Void>(), Completion<Void>(), Completion<Void>())
    let task = Task.detached {
      await running.run {
        await withTaskCancellationHandler {
          // The handler is there: from here on it runs in the thread that cancels.
          begun.resolve(())
          _ = try? await cancelledAgain.wait()
        } onCancel: {
          handling.resolve(())
          cancelledAgain.waitBlocking()
        }
      }
    }
    try await begun.wait()
    async let first: Void = onThread { running.cancel() }
    try await handling.wait()
    try await onThread {
      running.cancel()
      cancelledAgain.resolve(())
    }
    try await first
    await task.value
  }

  @Test func `a task cancelled at its very end ends in order`() async {
    for _ in 0..<2000 {
      let running = RunningTask()
      async let isCancelled = running.run { Task.isCancelled }
      running.cancel()
      _ = await isCancelled
    }
  }

  @Test func `a task cancelled before it begins is cancelled when it does`() async {
    let running = RunningTask()
    running.cancel()
    #expect(await running.run { Task.isCancelled })
  }
}
