import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Producers and consumers are killed at random; every item is accounted for.
@Suite(.isolated) struct QueueStormTests {
  /// `MP_QUEUE_SEEDS` of them, from a start that differs from run to run: it is shown when one fails.
  static let seeds: [UInt64] = {
    let count = ProcessInfo.processInfo.environment["MP_QUEUE_SEEDS"].flatMap { Int($0) } ?? 1
    let first = UInt64.random(in: 0..<1_000_000)
    return (0..<count).map { first + UInt64($0) }
  }()

  @Test(arguments: seeds) func `nothing is lost, doubled, torn or out of order but by the calls that died`(
    seed: UInt64
  ) async throws {
    var storm = try Storm(seed: seed)
    try await storm.rage()
    try await storm.end()
    storm.account()
  }
}

private struct Storm {
  private let seed: UInt64
  private var random: SeededRandom
  private let queue: Queue<StormItem>
  private let record: StormRecord
  private var producers: [ChildProcess<Void>] = []
  private var consumers: [ChildProcess<Void>] = []
  private var lives = 0
  private var killedConsumers = 0

  init(seed: UInt64) throws {
    self.seed = seed
    random = SeededRandom(seed: seed)
    queue = try Queue(capacity: [nil, 1, 3, 50].randomElement(using: &random)!)
    record = try StormRecord()
  }

  private mutating func method() -> StartMethod {
    // Spawned children take longest to come up.
    let methods = StartMethod.available.filter { $0 != .spawn || random.chance(10) }
    return methods.randomElement(using: &random)!
  }

  private mutating func startProducer() throws -> ChildProcess<Void> {
    defer { lives += 1 }
    let task = StormProducer(
      queue: queue, record: record, life: lives, count: Int.random(in: 1...1000, using: &random),
      step: random.chance(50) ? Int.random(in: 1...3000, using: &random) : 0)
    return try start(method(), task) { try task.runBlocking() }
  }

  private mutating func startConsumer(isLast: Bool = false) throws -> ChildProcess<Void> {
    let task = StormConsumer(
      queue: queue, record: record,
      step: !isLast && random.chance(50) ? Int.random(in: 1...3000, using: &random) : 0)
    return try start(method(), task) { try task.runBlocking() }
  }

  mutating func rage() async throws {
    for _ in 0..<2 {
      producers.append(try startProducer())
      consumers.append(try startConsumer())
    }
    while lives < 30 {
      try await Task.sleep(for: .microseconds(Int.random(in: 0...6000, using: &random)))
      let index = Int.random(in: 0..<2, using: &random)
      if random.chance(50) {
        try? producers[index].kill()
        try await producers[index].join()
        producers[index] = try startProducer()
      } else {
        try? consumers[index].kill()
        if try await consumers[index].join() != .exited(0) { killedConsumers += 1 }
        consumers[index] = try startConsumer()
      }
    }
  }

  mutating func end() async throws {
    // Two that live to the end, for those that die by themselves.
    let last = [try startConsumer(isLast: true), try startConsumer(isLast: true)]
    for producer in producers { try await producer.join() }
    queue.finish()
    for consumer in consumers where try await consumer.join() != .exited(0) { killedConsumers += 1 }
    for consumer in last { #expect(try await consumer.join() == .exited(0), "seed \(seed)") }
  }

  func account() {
    #expect(record.tally[0] == 0, "items out of order, seed \(seed)")
    #expect(record.tally[1] == 0, "torn items, seed \(seed)")
    var (missing, received) = (0, 0)
    let counts = record.received.snapshot()
    for life in 0..<lives {
      let own = counts[life * StormRecord.items..<(life + 1) * StormRecord.items]
      #expect(own.allSatisfy { $0 <= 1 }, "a doubled item, seed \(seed)")
      let put = record.put[life]
      missing += own.prefix(put).count { $0 == 0 }
      received += own.count { $0 == 1 }
      #expect(own.dropFirst(put + StormRecord.batch).allSatisfy { $0 == 0 }, "an item that was not put, seed \(seed)")
    }
    #expect(queue.isEmpty && missing <= killedConsumers * StormRecord.batch, "\(missing) are lost, seed \(seed)")
    print("\(received) items, \(lives) producers, \(killedConsumers) consumers killed, \(missing) items with them")
  }
}
