import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// A latch, the sum it guards, and how often it was repaired; `mark` says who is inside.
struct LatchedSum: Codable {
  let block: SharedBlock

  init() throws { block = try SharedBlock(byteCount: 64) }

  var latch: Latch { Latch(at: block.address) }
  var sum: SharedWord { SharedWord(at: block.address + 8) }
  var repairs: SharedWord { SharedWord(at: block.address + 12) }
  var isInside: SharedWord { SharedWord(at: block.address + 16) }

  func increment() throws {
    try latch.withLock {
      isInside.store(0)
      repairs.add(1)
    } _: {
      if isInside.load() != 0 { throw PlainFailure(description: "two are inside") }
      isInside.store(1)
      sum.store(sum.load() + 1)
      isInside.store(0)
    }
  }
}

/// Increments many times, in several threads.
private struct Adder: ProcessTask {
  var sum: LatchedSum
  var count: Int

  func run() async throws {
    try await withThrowingTaskGroup { group in
      for _ in 0..<2 { group.addTask { @concurrent in for _ in 0..<count { try sum.increment() } } }
      try await group.waitForAll()
    }
  }
}

/// Increments, and dies before a step.
private struct DyingAdder: ProcessTask {
  var sum: LatchedSum
  var step: Int

  func run() async throws { try StepDeath.run(step) { try sum.increment() } }
}

@Suite(.isolated) struct LatchTests {
  @Test func `one at a time, in all processes and threads`() async throws {
    let sum = try LatchedSum()
    let children = try StartMethod.forTasks.map {
      try ChildProcess.start(Adder(sum: sum, count: 5000), context: ProcessContext($0))
    }
    for _ in 0..<5000 { try sum.increment() }
    for child in children { try await child.value }
    #expect(sum.sum.load() == 5000 + 10_000 * UInt32(children.count))
    #expect(sum.repairs.load() == 0)
  }

  @Test(.steps) func `a death at any step leaves a latch that others take and repair`() async throws {
    let sum = try LatchedSum()
    try await StepDeath.tryAll("a latch") { step in
      let victim = try ChildProcess.start(DyingAdder(sum: sum, step: step))
      let others = try (0..<2).map { _ in try ChildProcess.start(Adder(sum: sum, count: 50)) }
      for other in others { try await other.value }
      let status = try await victim.join()
      let before = sum.sum.load()
      try sum.increment()
      #expect(sum.sum.load() == before + 1)
      return status == .exited(0)
    }
    // Some steps in a row are those of a holder; a few tried at random may miss them.
    if StepDeath.isComplete { #expect(sum.repairs.load() > 0) }
  }

  @Test(arguments: [true, false]) func `sleepers are woken by the death of a holder`(isVectorAllowed: Bool) async throws
  {
    SharedWait.isVectorAllowed = isVectorAllowed
    defer { SharedWait.isVectorAllowed = true }
    let sum = try LatchedSum()
    let holder = try ChildProcess.start(sum) { sum in
      _ = try sum.latch.acquire()
      sum.isInside.store(1)
      try await Task.sleep(for: .seconds(100))
    }
    #expect(await eventually { sum.isInside.load() == 1 })
    let waiters = try (0..<2).map { _ in try ChildProcess.start(sum) { sum in try sum.increment() } }
    try await Task.sleep(for: .milliseconds(50))
    #expect(sum.sum.load() == 0)
    try holder.kill()
    try sum.increment()
    for waiter in waiters { try await waiter.value }
    #expect(sum.sum.load() == 3)
    #expect(sum.repairs.load() == 1)
    try await holder.join()
  }
}
