import Testing

@testable import Multiprocessing

@Suite struct PoolMachineRetryTests {
  @Test(arguments: [1, 2, 4, 8], [1, 2, 3])
  func `every third task crashes at every try, and the limit is not reached`(workers: Int, retries: Int) {
    for seed in 0..<5 as Range<UInt64> {
      var storm = Storm(seed: seed, workers: workers, retries: retries) { $0 % 3 == 0 }
      storm.run(items: 200)
      #expect(storm.machine.phase == .open, "seed \(seed)")
      #expect(storm.endings == [.lost: 66, .answered: 134], "seed \(seed)")
    }
  }

  @Test(arguments: [1, 4], [0, 2])
  func `eleven losses without a completion reach the limit of ten`(workers: Int, retries: Int) {
    for count in [10, 11] {
      var storm = Storm(seed: 1, workers: workers, retries: retries) { _ in true }
      storm.run(items: count)
      let losses = count * (retries + 1)
      #expect((storm.machine.phase == .broken) == (losses > 10))
      #expect(storm.machine.consecutiveLosses == min(losses, 11))
    }
  }

  @Test func `an item that is tried again comes before the others, halfway to the limit after them`() {
    var machine = PoolMachine.ready(1) { $0.restartLimit = 4 }
    for item in 1...3 as ClosedRange<UInt64> { machine.take(.submit(item, .init(retries: 9))) }
    #expect(machine.take(.lost(1, running: 1), .joined(2)) == [.send(1, 2)])
    #expect(machine.take(.lost(2, running: 1), .joined(3)) == [.send(2, 3)])
    #expect(machine.take(.answered(2, 3, after: nil)) == [.finish(2, .answered), .send(1, 3)])
  }

  @Test func `what was in hand behind a lost item stays behind it`() {
    var machine = PoolMachine.ready()
    for item in 1...3 as ClosedRange<UInt64> { machine.take(.submit(item, .init(retries: 1, window: 2))) }
    #expect(machine.take(.lost(1, running: 1), .joined(2)) == [.send(1, 2), .send(2, 2)])
  }

  @Test func `of a worker that makes no sense all that it had in hand counts as run`() {
    var machine = PoolMachine.ready()
    for item in 1...4 as ClosedRange<UInt64> {
      machine.take(.submit(item, .init(retries: item == 2 ? 1 : 0, window: 3)))
    }
    let ends: [PoolMachine.Action] = [.finish(3, .lost), .finish(1, .lost), .start(2)]
    #expect(machine.take(.distrust(1), .submit(5, .init())) == [])
    #expect(machine.take(.lost(1, running: nil)) == ends)
    #expect(machine.take(.joined(2)) == [.send(2, 2), .send(4, 2)])
    #expect(machine.items[2]?.losses == 1)
  }
}

/// Workers that die of certain items, in an order given by a seed.
private struct Storm {
  var random: SeededRandom
  var machine: PoolMachine
  let retries: Int
  let crashes: (UInt64) -> Bool
  var endings: [PoolMachine.Ending: Int] = [:]

  init(seed: UInt64, workers: Int, retries: Int, crashes: @escaping (UInt64) -> Bool) {
    random = SeededRandom(seed: seed)
    machine = PoolMachine(.init(workers: workers))
    self.retries = retries
    self.crashes = crashes
  }

  mutating func run(items: Int) {
    take(.open)
    for item in 1...UInt64(items) { take(.submit(item, .init(retries: retries))) }
    while machine.phase == .open, !machine.items.isEmpty {
      guard let id = machine.workers.keys.sorted().randomElement(using: &random) else { return }
      act(id)
    }
  }

  private mutating func act(_ id: PoolMachine.WorkerID) {
    guard let worker = machine.workers[id] else { return }
    if worker.state == .starting {
      take(.joined(id))
    } else if let item = worker.inHand.first {
      take(crashes(item) ? .lost(id, running: item) : .answered(item, id, after: nil))
    }
  }

  private mutating func take(_ event: PoolMachine.Event) {
    for case .finish(_, let ending) in machine.handle(event) { endings[ending, default: 0] += 1 }
  }
}
