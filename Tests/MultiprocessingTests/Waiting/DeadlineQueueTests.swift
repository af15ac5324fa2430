import Testing

@testable import Multiprocessing

struct DeadlineQueueTests {
  private let start = ContinuousClock.now

  @Test func `deadlines come up in their order, cancelled ones never`() {
    var queue = DeadlineQueue()
    let seconds = (0..<500).map { ($0 * 7919) % 500 }
    for (key, second) in seconds.enumerated() { queue.insert(start + .seconds(second), key: UInt64(key)) }
    for key in seconds.indices where !key.isMultiple(of: 5) { queue.cancel(UInt64(key)) }
    #expect(queue.earliest() == start)

    var due: [Int] = []
    while let key = queue.popDue(at: start + .seconds(300)) { due.append(seconds[Int(key)]) }
    let expected = seconds.indices.filter { $0.isMultiple(of: 5) && seconds[$0] <= 300 }.map { seconds[$0] }.sorted()
    #expect(due == expected)
    #expect(queue.earliest() == start + .seconds(305))
  }

  @Test func `a million deadlines that are set and cancelled take no memory`() {
    var queue = DeadlineQueue()
    for key in 0..<10 { queue.insert(start + .seconds(7200 + key), key: UInt64(key)) }
    var most = 0
    for key in 10..<1_000_000 {
      queue.insert(start + .seconds(3600), key: UInt64(key))
      queue.cancel(UInt64(key))
      most = max(most, queue.entryCount)
    }
    #expect(most <= 100)
    #expect(queue.earliest() == start + .seconds(7200))
  }

  @Test func `cancelling what came up, or was never there, does nothing`() {
    var queue = DeadlineQueue()
    queue.insert(start, key: 1)
    #expect(queue.popDue(at: start) == 1)
    queue.cancel(1)
    queue.cancel(2)
    #expect(queue.popDue(at: start + .seconds(1)) == nil)
    #expect(queue.earliest() == nil)
  }
}
