import Testing

@testable import Multiprocessing

@Suite struct PaceTests {
  @Test func `a worker is given one item as long as nothing is known`() {
    #expect(Pace().window == 1)
  }

  @Test(arguments: [(1, 128), (300, 100), (1000, 30), (10_000, 3), (30_000, 1), (5_000_000, 1), (UInt64.max, 1)])
  func `a claim is worth thirty microseconds`(nanoseconds: UInt64, window: Int) {
    var pace = Pace()
    for _ in 0..<50 { pace.record(nanoseconds) }
    #expect(pace.window == window)
  }

  @Test func `one slow item ends the giving ahead, and fast ones bring it back`() {
    var pace = Pace()
    for _ in 0..<50 { pace.record(1000) }
    pace.record(10_000_000)
    #expect(pace.window == 1)
    for _ in 0..<50 { pace.record(1000) }
    #expect(pace.window >= 29)
  }

  @Test func `an idle worker gets what waits behind another's item`() {
    var machine = PoolMachine.ready(2)
    let quick = PoolMachine.Traits(pace: 1)
    for item in 1...3 as ClosedRange<UInt64> { machine.take(.submit(item, quick)) }
    // Now known to be quick: three go to the first that answers.
    #expect(machine.take(.answered(1, 1, after: 1000)) == [.finish(1, .answered), .send(3, 1)])
    #expect(machine.take(.submit(4, quick)) == [.send(4, 1)])
    #expect(machine.take(.answered(2, 2, after: 1000)) == [.finish(2, .answered), .recall(1, 4)])
    #expect(machine.take(.returned(4, 1)) == [.send(4, 2)])
    #expect(machine.take(.answered(4, 2, after: 1000)) == [.finish(4, .answered)])
  }

  @Test func `what began before it was recalled stays where it is`() {
    var machine = PoolMachine.ready(2)
    let quick = PoolMachine.Traits(pace: 1)
    for item in 1...3 as ClosedRange<UInt64> { machine.take(.submit(item, quick)) }
    machine.take(.answered(1, 1, after: 1000), .submit(4, quick))
    #expect(machine.take(.answered(2, 2, after: 1000)) == [.finish(2, .answered), .recall(1, 4)])
    #expect(machine.take(.answered(3, 1, after: 1000)) == [.finish(3, .answered)])
    #expect(machine.take(.answered(4, 1, after: 1000)) == [.finish(4, .answered)])
  }

  @Test func `one that began before it was recalled does not keep others where they wait`() {
    var machine = PoolMachine.ready(2)
    let quick = PoolMachine.Traits(pace: 1)
    for item in 1...3 as ClosedRange<UInt64> { machine.take(.submit(item, quick)) }
    machine.take(.answered(1, 1, after: 1000), .submit(4, quick))
    #expect(machine.take(.answered(2, 2, after: 1000)) == [.finish(2, .answered), .recall(1, 4)])
    machine.take(.answered(3, 1, after: 1000))
    #expect(machine.take(.submit(5, quick)) == [.send(5, 2)])
    #expect(machine.take(.submit(6, quick)) == [.send(6, 1)])
    #expect(machine.take(.answered(5, 2, after: 1000)) == [.finish(5, .answered), .recall(1, 6)])
  }

  @Test func `a chunk that was asked for stays together`() {
    var machine = PoolMachine.ready(2)
    machine.take(.submit(1, .init(window: 2)), .submit(2, .init(window: 2)), .submit(3, .init(window: 2)))
    #expect(machine.take(.answered(2, 2, after: 1000)) == [.finish(2, .answered)])
  }

  @Test func `a low priority has its turn after so many higher ones`() {
    var pending = PendingItems(patience: 3)
    pending.append(1, priority: 9)
    for item in 2...9 as ClosedRange<UInt64> { pending.append(item, priority: 25) }
    let order = (0..<9).compactMap { _ in pending.take { _ in true } }
    #expect(order == [2, 3, 4, 1, 5, 6, 7, 8, 9])
  }
}
