import Foundation
import MultiprocessingSystem

@testable import Multiprocessing

/// What a process of a test does with a queue of blocks.
struct QueueTask: ProcessTask {
  enum Kind: Codable {
    /// Puts blocks one by one, and counts those that were put in word 0 of the tally.
    case put(ClosedRange<Int>)
    case putBatch(ClosedRange<Int>)
    /// Takes so many, one by one, and counts them in word 0.
    case get(Int)
    case getBatch(Int)
    case finish
    /// Takes so many, marking each done, and counts in words 0 and 1.
    case work(Int)
  }

  var queue: Queue<[UInt8]>
  var tally: SharedTally
  var kind: Kind
  /// The step before which it dies; 0: none.
  var step = 0

  func run() async throws { try runBlocking() }

  func runBlocking() throws { try StepDeath.run(step) { try work() } }

  private func work() throws {
    switch kind {
    case .put(let numbers):
      for number in numbers {
        try queue.blocking.put(Self.block(number))
        tally.count(0)
      }
    case .putBatch(let numbers):
      try queue.blocking.put(contentsOf: numbers.map(Self.block))
      tally.count(0)
    case .get(let count):
      for _ in 0..<count {
        _ = try queue.blocking.get()
        tally.count(0)
      }
    case .getBatch(let limit):
      _ = try queue.blocking.get(upTo: limit)
      tally.count(0)
    case .finish: queue.finish()
    case .work(let count):
      for _ in 0..<count {
        _ = try queue.blocking.get()
        tally.count(0)
        try queue.taskDone()
        tally.count(1)
      }
    }
  }

  func start(_ method: StartMethod = .forkServer) throws -> ChildProcess<Void> {
    try MultiprocessingTests.start(method, self) { try runBlocking() }
  }

  /// Four of them fill a queue's first segment; those from 200 on need one of their own, which is given back.
  static func block(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(number), count: number < 200 ? 2900 : 9 << 20)
  }
}

/// Takes blocks to the end of a queue; its value is their numbers, -1 for a torn one.
struct BlockReader: ProcessTask {
  var queue: Queue<[UInt8]>

  func run() async throws -> [Int] { try Self.numbers(in: queue) }

  static func numbers(in queue: Queue<[UInt8]>) throws -> [Int] {
    var numbers: [Int] = []
    while true {
      do {
        let block = try queue.blocking.get()
        numbers.append(block == QueueTask.block(Int(block[0])) ? Int(block[0]) : -1)
      } catch let error as MultiprocessingError where error.code == .closed {
        return numbers
      }
    }
  }
}
