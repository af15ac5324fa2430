import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct QueueCompletionTests {
  /// Works until it takes a negative number, which it marks done, too.
  struct Worker: ProcessTask {
    var queue: Queue<Int>
    var tally: SharedTally

    func run() async throws { try runBlocking() }

    func runBlocking() throws {
      var number = 0
      while number >= 0 {
        number = try queue.blocking.get()
        usleep(1000)
        if number >= 0 { tally.count(0) }
        try queue.taskDone()
      }
    }
  }

  @Test(arguments: StartMethod.available)
  func `joinAll returns when all that was put is done`(method: StartMethod) async throws {
    let (queue, tally) = (try Queue<Int>(tracksCompletion: true), try SharedTally())
    let worker = Worker(queue: queue, tally: tally)
    let workers = try (0..<4).map { _ in try start(method, worker) { try worker.runBlocking() } }
    try await queue.put(contentsOf: 0..<10)
    try await queue.joinAll()
    #expect(tally[0] == 10)
    try await queue.put(contentsOf: [-1, -1, -1, -1])
    for worker in workers { try await worker.value }
    try blockingJoin(queue)
    #expect(try await queue.joinAll(timeout: .zero))
  }

  private func blockingJoin(_ queue: Queue<Int>) throws { try queue.blocking.joinAll() }

  @Test func `joinAll waits for what is not taken and what is not done`() async throws {
    let queue = try Queue<Int>(tracksCompletion: true)
    try await queue.joinAll()
    try await queue.put(contentsOf: [1, 2])
    #expect(try await !queue.joinAll(timeout: .zero))
    #expect(try await queue.get(upTo: 2) == [1, 2])
    #expect(try await !queue.joinAll(timeout: .milliseconds(20)))
    let join = Task { try await queue.joinAll() }
    try await Task.sleep(for: .milliseconds(20))
    try queue.taskDone()
    try queue.taskDone()
    try await join.value
  }

  @Test func `who has taken nothing has nothing to mark done`() async throws {
    let queue = try Queue<Int>(tracksCompletion: true)
    await expect(.notOwner) { try queue.taskDone() }
    try await queue.put(1)
    await expect(.notOwner) { try queue.taskDone() }
    _ = try await queue.get()
    let child = try ChildProcess.start(queue) { try $0.taskDone() }
    await expect(.notOwner) { try await child.value }
    try queue.taskDone()
    await expect(.notOwner) { try queue.taskDone() }
    let plain = try Queue<Int>()
    await expect(.unsupported) { try plain.taskDone() }
    await expect(.unsupported) { try await plain.joinAll() }
  }

  @Test func `what a dead consumer had taken is told, once all else is done`() async throws {
    let (queue, tally) = (try Queue<Int>(tracksCompletion: true), try SharedTally())
    try await queue.put(contentsOf: 0..<5)
    let consumer = try ChildProcess.start(queue, tally) { queue, tally in
      _ = try await queue.get(upTo: 3)
      try queue.taskDone()
      tally.count(0)
      try await Task.sleep(for: .seconds(100))
    }
    #expect(await eventually { tally[0] == 1 })
    // At once: one that starts later does not hear what the other was told.
    let joins = (0..<2).map { _ in Task.immediate { try await queue.joinAll() } }
    try await Task.sleep(for: .milliseconds(20))
    try consumer.kill()
    try await consumer.join()
    #expect(try await !queue.joinAll(timeout: .milliseconds(20)))
    _ = try await queue.get(upTo: 5)
    try queue.taskDone()
    try queue.taskDone()
    for join in joins {
      let error = await #expect(throws: MultiprocessingError.self) { try await join.value }
      #expect(error?.code == .ownerDied && error?.message.hasPrefix("2 elements") == true)
    }
    try await queue.joinAll()
  }

  @Test func `entries of the dead are used again, and their losses stay known`() async throws {
    let queue = try Queue<Int>(tracksCompletion: true)
    // As if as many processes had taken items as there are entries.
    let entries = QueueWords.ledgerEntries
    let consumer = try ChildProcess.start(queue) { queue in
      try await queue.put(contentsOf: [1, 2, 3])
      _ = try await queue.get(upTo: 3)
      try queue.taskDone()
    }
    try await consumer.join()
    let memory = queue.core.memory
    let dead = memory.words.longWord(at: QueueWords.ledgerPlace).load()
    for index in 1..<entries {
      memory.words.longWord(at: QueueWords.ledgerPlace + index * QueueWords.ledgerEntrySize).store(dead)
    }
    memory.words.longWord(at: 1072).store(UInt64(entries))
    try await queue.put(4)
    _ = try await queue.get()
    try queue.taskDone()
    let error = await #expect(throws: MultiprocessingError.self) { try await queue.joinAll() }
    #expect(error?.message.hasPrefix("2 elements") == true)
    try await queue.joinAll()
  }
}
