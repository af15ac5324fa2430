import Foundation
import MultiprocessingSystem
import Synchronization
import Testing

@testable import Multiprocessing

/// Blocking puts of large elements keep pace with the consumers, for a moment at most.
@Suite(.isolated) struct QueuePaceTests {
  private static let block = [UInt8](repeating: 7, count: 64 << 10)

  /// Passes elements on until consumers are found to be fast; then there are some more than a put should be ahead.
  private func makeFast(_ queue: Queue<[UInt8]>) async throws {
    let isFast = await eventually {
      for _ in 0..<64 {
        try? queue.blocking.put(Self.block)
        _ = try? queue.blocking.get()
      }
      return queue.core.pace.isFast
    }
    #expect(isFast)
    for _ in 0..<20 { #expect(try queue.tryPut(Self.block)) }
  }

  @Test func `a put waits a moment for fast consumers, and then no more until they are fast again`() async throws {
    let queue = try Queue<[UInt8]>()
    try await makeFast(queue)
    let (pace, words) = (queue.core.pace, queue.core.words)
    try await onThread {
      let start = SharedWait.now
      #expect(pace.wait(words, 64 << 10))
      #expect(SharedWait.now - start >= 900_000)
      // Nobody takes any more.
      for _ in 0..<20 { #expect(!pace.wait(words, 64 << 10)) }
    }
    #expect(queue.count == 20)
  }

  @Test func `a take ends the wait`() async throws {
    let queue = try Queue<[UInt8]>()
    let (pace, words) = (queue.core.pace, queue.core.words)
    // The rate is only forgotten when the time is over, which is short: the taker may come too late.
    let isEnded = Mutex(false)
    for _ in 0..<1000 where !isEnded.withLock({ $0 }) {
      try await makeFast(queue)
      let version = words.space.word.load()
      async let taken: Void = onThread {
        while words.space.word.load() == version {}
        for _ in 0..<20 { _ = try queue.tryGet() }
      }
      try await onThread { if pace.wait(words, 64 << 10), pace.isFast { isEnded.withLock { $0 = true } } }
      // For the taker where nobody slept, and so that the next announcement is seen.
      _ = words.space.announce()
      words.space.ringAll()
      try await taken
    }
    #expect(isEnded.withLock { $0 })
  }

  @Test(arguments: [nil, 40]) func `deaths at any instant wedge nobody and lose what their calls had at most`(
    capacity: Int?
  ) async throws {
    let queue = try Queue<[UInt8]>(capacity: capacity)
    let tally = try SharedTally()
    let reader = try ChildProcess.start(BulkReader(queue: queue, tally: tally))
    for _ in 0..<6 {
      let writers = try (0..<2).map { _ in try ChildProcess.start(BulkWriter(queue: queue, tally: tally)) }
      let before = tally[0]
      #expect(await eventually { tally[0] > before + 100 })
      for writer in writers { try writer.kill() }
      for writer in writers { try await writer.join() }
    }
    queue.finish()
    try await reader.value
    #expect(tally[2] == 0)
    // Each death may have put what it did not come to count.
    #expect((0...12).contains(Int(tally[0]) - Int(tally[1])))
  }
}

private struct BulkWriter: ProcessTask {
  var queue: Queue<[UInt8]>
  var tally: SharedTally

  func run() async throws { try runBlocking() }

  private func runBlocking() throws {
    for number in 0... {
      try queue.blocking.put([UInt8](repeating: UInt8(number % 251), count: 16_384 + number % 7 * 20_000))
      tally.count(1)
    }
  }
}

/// Counts in word 0, and torn ones in word 2.
private struct BulkReader: ProcessTask {
  var queue: Queue<[UInt8]>
  var tally: SharedTally

  func run() async throws { try runBlocking() }

  private func runBlocking() throws {
    do {
      while true {
        let block = try queue.blocking.get()
        if block != [UInt8](repeating: block[0], count: block.count) { tally.count(2) }
        tally.count(0)
      }
    } catch let error as MultiprocessingError where error.code == .closed {}
  }
}
