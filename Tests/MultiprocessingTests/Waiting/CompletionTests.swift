import Foundation
import Synchronization
import Testing

@testable import Multiprocessing

struct CompletionTests {
  @Test func `who waits finds what observers do with the value done, however late it comes`() async throws {
    for _ in 0..<200 {
      let completion = Completion<Int>()
      let isDone = Mutex(false)
      completion.observe { _ in
        usleep(200)
        isDone.withLock { $0 = true }
      }
      Thread.detachNewThread { completion.resolve(3) }
      while completion.value == nil { await Task.yield() }
      // The value is there, and the observer is at it.
      if Bool.random() {
        #expect(try await completion.wait() == 3)
      } else {
        try await onThread { #expect(completion.waitBlocking() == 3) }
      }
      #expect(isDone.withLock { $0 })
    }
  }

  @Test func `who does not wait gets the value while observers are at it`() async throws {
    let completion = Completion<Int>()
    let mayGoOn = DispatchSemaphore(value: 0)
    completion.observe { _ in mayGoOn.wait() }
    Thread.detachNewThread { completion.resolve(3) }
    while completion.value == nil { await Task.yield() }
    #expect(try await completion.wait(timeout: .zero) == 3)
    #expect(try await completion.wait(timeout: .milliseconds(1)) == 3)
    #expect(completion.waitBlocking(timeout: .milliseconds(1)) == 3)
    mayGoOn.signal()
    #expect(try await completion.wait() == 3)
  }

  @Test func `only the first value counts, and observers that come later get it`() async throws {
    let completion = Completion<Int>()
    #expect(try await completion.wait(timeout: .milliseconds(1)) == nil)
    #expect(completion.waitBlocking(timeout: .milliseconds(1)) == nil)
    let isFirst = (completion.resolve(1), completion.resolve(2))
    #expect(isFirst == (true, false))
    let seen = Mutex<[Int]>([])
    completion.observe { value in seen.withLock { $0.append(value) } }
    #expect(seen.withLock { $0 } == [1])
    #expect(try await completion.wait() == 1)
  }

  @Test func `a cancelled wait throws, and the others go on`() async throws {
    let completion = Completion<Int>()
    let cancelled = Task { try await completion.wait() }
    let waiting = Task { try await completion.wait() }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    completion.resolve(5)
    #expect(try await waiting.value == 5)
  }
}
