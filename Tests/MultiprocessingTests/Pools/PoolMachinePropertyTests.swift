import Testing

@testable import Multiprocessing

@Suite struct PoolMachinePropertyTests {
  /// Four parts, so that they run side by side.
  @Test func `an item that stops the search is the last that is looked at`() {
    var pending = PendingItems()
    for item in 1...100 as ClosedRange<UInt64> { pending.append(item, priority: UInt8(item % 3)) }
    pending.prepend(101, priority: 2)
    var seen: [UInt64] = []
    let found = pending.take { item in
      seen.append(item)
      return item == 2 ? .stop : .no
    }
    #expect(found == nil && seen == [101, 2] && pending.count == 101)
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `whatever happens in whatever order, every item ends once and the pool ends clean`(part: UInt64) {
    for seed in part * 1000..<part * 1000 + 1000 {
      var rehearsal = MachineRehearsal(seed: seed)
      do {
        try rehearsal.run(steps: 20 + Int(seed % 100))
      } catch {
        var again = MachineRehearsal(seed: seed, isTraced: true)
        try? again.run(steps: 20 + Int(seed % 100))
        Issue.record("seed \(seed): \(error)\n\((again.trace ?? []).suffix(60).joined(separator: "\n"))")
        return
      }
    }
  }

  @Test func `items wait in the order of a plain sorted list`() {
    for seed in 0..<60 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      let patience = [1, 3, 20, Int.max].randomElement(using: &random) ?? 1
      var (pending, plain) = (PendingItems(patience: patience), PlainPending(patience: patience))
      for item in 1...400 as ClosedRange<UInt64> {
        let priority: UInt8 = [0, 17, 25].randomElement(using: &random) ?? 0
        if random.chance(80) {
          pending.append(item, priority: priority)
          plain.items.append((item, priority))
        } else {
          pending.prepend(item, priority: priority)
          plain.items.insert((item, priority), at: 0)
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) where item > 150 {
          change(&pending, &plain, &random, seed)
        }
        #expect(pending.count == plain.items.count, "seed \(seed)")
      }
      #expect(pending.all == plain.all, "seed \(seed)")
      while let item = plain.take(where: { _ in true }) {
        let taken = pending.take { _ in true }
        #expect(taken == item, "seed \(seed)")
      }
      #expect(pending.isEmpty, "seed \(seed)")
    }
  }

  private func change(
    _ pending: inout PendingItems, _ plain: inout PlainPending, _ random: inout SeededRandom, _ seed: UInt64
  ) {
    if random.chance(70), let item = plain.items.prefix(80).randomElement(using: &random)?.item {
      let removals = (pending.remove(item), pending.remove(item))
      #expect(removals == (true, false), "seed \(seed)")
      plain.remove { $0 == item }
    } else {
      let divisor = UInt64.random(in: 1...3, using: &random)
      let expected = plain.take { $0 % divisor == 0 }
      let taken = pending.take { $0 % divisor == 0 }
      #expect(taken == expected, "seed \(seed)")
    }
  }
}

/// An array that is searched anew every time.
private struct PlainPending {
  let patience: Int
  var items: [(item: UInt64, priority: UInt8)] = []
  private var passedOver: [UInt8: Int] = [:]

  init(patience: Int) { self.patience = patience }

  private var priorities: [UInt8] { Set(items.map(\.priority)).sorted(by: >) }
  private func isDue(_ priority: UInt8) -> Bool { passedOver[priority, default: 0] >= patience }

  var all: [UInt64] { priorities.flatMap { priority in items.filter { $0.priority == priority }.map(\.item) } }

  mutating func remove(where isGone: (UInt64) -> Bool) {
    items.removeAll { isGone($0.item) }
    passedOver = passedOver.filter { priorities.contains($0.key) }
  }

  mutating func take(where fits: (UInt64) -> Bool) -> UInt64? {
    for priority in priorities.filter(isDue) + priorities.filter({ !isDue($0) }) {
      guard let found = items.first(where: { $0.priority == priority && fits($0.item) }) else { continue }
      passedOver[priority] = 0
      remove { $0 == found.item }
      for lower in priorities where lower < priority { passedOver[lower, default: 0] += 1 }
      return found.item
    }
    return nil
  }
}
