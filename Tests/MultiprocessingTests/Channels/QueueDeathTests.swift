import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// A process is killed before each of its steps; what it leaves must be whole, in order, and wedge nobody.
@Suite(.isolated) struct QueueDeathTests {
  private func task(_ queue: Queue<[UInt8]>, _ tally: SharedTally, _ kind: QueueTask.Kind, _ step: Int) -> QueueTask {
    QueueTask(queue: queue, tally: tally, kind: kind, step: step)
  }

  private func expectPrefix(_ numbers: some Sequence<Int>, of whole: ClosedRange<Int>, _ step: Int) {
    #expect(whole.starts(with: numbers), "killed before step \(step)")
  }

  @Test(.steps, arguments: [QueueTask.Kind.put(0...8), .putBatch(0...8)])
  func `a death at any step of a put leaves whole elements, in order`(kind: QueueTask.Kind) async throws {
    try await StepDeath.tryAll("puts: \(kind)") { step in
      let (queue, tally) = (try Queue<[UInt8]>(), try SharedTally())
      let reader = try ChildProcess.start(BlockReader(queue: queue))
      let status = try await task(queue, tally, kind, step).start().join()
      try await queue.put(QueueTask.block(100))
      queue.finish()
      let numbers = try await reader.value
      #expect(numbers.last == 100)
      expectPrefix(numbers.dropLast(), of: 0...8, step)
      if case .put = kind { #expect((0...1).contains(numbers.count - 1 - Int(tally[0])), "killed before step \(step)") }
      if status == .exited(0) { #expect(numbers.count == 10) }
      return status == .exited(0)
    }
  }

  @Test(.steps, arguments: [QueueTask.Kind.get(9), .getBatch(9)])
  func `a death at any step of a get loses what that call took at most`(kind: QueueTask.Kind) async throws {
    try await StepDeath.tryAll("gets: \(kind)") { step in
      let (queue, tally) = (try Queue<[UInt8]>(), try SharedTally())
      try await queue.put(contentsOf: (0...12).map(QueueTask.block))
      let status = try await task(queue, tally, kind, step).start().join()
      try await queue.put(QueueTask.block(100))
      queue.finish()
      let numbers = try await ChildProcess.start(BlockReader(queue: queue)).value
      let taken = 14 - numbers.count
      #expect(numbers == Array(taken...12) + [100], "killed before step \(step)")
      if case .get = kind { #expect((0...1).contains(taken - Int(tally[0])), "killed before step \(step)") }
      return status == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of passing on large elements leaves their order and little memory`()
    async throws
  {
    try await StepDeath.tryAll("large elements") { step in
      let (queue, tally) = (try Queue<[UInt8]>(), try SharedTally())
      try await queue.put(contentsOf: [0, 200, 1].map(QueueTask.block))
      let getter = try await task(queue, tally, .get(3), step).start().join()
      let putter = try await task(queue, tally, .put(201...202), step).start().join()
      try await queue.put(QueueTask.block(2))
      queue.finish()
      let numbers = try await ChildProcess.start(BlockReader(queue: queue)).value
      let all = [0, 200, 1]
      #expect(
        (0...3).contains { taken in (0...2).contains { numbers == all.dropFirst(taken) + [201, 202].prefix($0) + [2] } }
      )
      let circle = SegmentCircle(memory: queue.core.memory)
      queue.core.tidy()
      let held = try circle.all(from: Int(queue.core.words.segmentWord.load())).reduce(0) { $0 + $1.count }
      #expect(held <= 18 << 20, "killed before step \(step)")
      return getter == .exited(0) && putter == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of a wait for elements loses no wake-up`() async throws {
    try await StepDeath.tryAll("gets that wait") { step in
      let (queue, tally) = (try Queue<[UInt8]>(), try SharedTally())
      let victim = try task(queue, tally, .get(3), step).start()
      let reader = try ChildProcess.start(BlockReader(queue: queue))
      _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(reader.id) }
      for number in 0...8 { try await queue.put(QueueTask.block(number)) }
      // The reader must get all that the victim leaves before the end is told to it.
      _ = await eventually { queue.isEmpty || tally[0] == 3 }
      let isEmptied = await eventually { queue.isEmpty }
      #expect(isEmptied, "killed before step \(step)")
      queue.finish()
      let status = try await victim.join()
      let numbers = try await reader.value
      #expect(numbers == numbers.sorted() && Set(numbers).isSubset(of: Set(0...8)))
      #expect((0...1).contains(9 - numbers.count - Int(tally[0])), "killed before step \(step)")
      return status == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of a wait for space loses no wake-up`() async throws {
    try await StepDeath.tryAll("puts that wait") { step in
      let (queue, tally) = (try Queue<[UInt8]>(capacity: 2), try SharedTally())
      try await queue.put(contentsOf: [150, 151].map(QueueTask.block))
      let victim = try task(queue, tally, .put(0...2), step).start()
      let other = try task(queue, try SharedTally(), .put(10...14), 0).start()
      _ = await eventuallyShort { (isAsleep(victim.id) || victim.process.hasEnded) && isAsleep(other.id) }
      let reader = try ChildProcess.start(BlockReader(queue: queue))
      try await other.value
      let status = try await victim.join()
      queue.finish()
      let numbers = try await reader.value
      #expect(Array(numbers.prefix(2)) == [150, 151])
      #expect(numbers.filter { (10...14).contains($0) } == Array(10...14), "killed before step \(step)")
      let own = numbers.filter { (0...2).contains($0) }
      expectPrefix(own, of: 0...2, step)
      #expect(numbers.count == 7 + own.count)
      return status == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of finish ends the waits of all if it ends the queue`() async throws {
    try await StepDeath.tryAll("finish") { step in
      let (queue, tally) = (try Queue<[UInt8]>(), try SharedTally())
      let readers = try (0..<2).map { _ in try ChildProcess.start(BlockReader(queue: queue)) }
      _ = await eventuallyShort { readers.allSatisfy { isAsleep($0.id) } }
      let status = try await task(queue, tally, .finish, step).start().join()
      if !queue.isFinished { queue.finish() }
      for reader in readers { #expect(try await reader.value == []) }
      return status == .exited(0)
    }
  }

  @Test(.steps) func `a death at any step of taking and marking done is counted right`() async throws {
    try await StepDeath.tryAll("gets and taskDone") { step in
      let (queue, tally) = (try Queue<[UInt8]>(tracksCompletion: true), try SharedTally())
      try await queue.put(contentsOf: (0...5).map(QueueTask.block))
      let status = try await task(queue, tally, .work(4), step).start().join()
      var taken = 0
      while try queue.tryGet() != nil {
        try queue.taskDone()
        taken += 1
      }
      let lost = Int(queue.core.ledger!.standing().lost)
      let done = 6 - taken - lost
      #expect((0...1).contains(done - Int(tally[1])), "killed before step \(step)")
      #expect((0...1).contains(6 - taken - Int(tally[0])), "killed before step \(step)")
      if lost == 0 {
        try await queue.joinAll()
      } else {
        await expect(.ownerDied) { try await queue.joinAll() }
        try await queue.joinAll()
      }
      return status == .exited(0)
    }
  }
}
