import Testing

@testable import Multiprocessing

@Suite struct NumberedTableTests {
  @Test(arguments: [1, 3, 40, 1000])
  func `it holds what a dictionary holds, whatever comes and goes`(most: Int) {
    for seed in 0..<50 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      var table = NumberedTable<UInt64, Int>()
      var plain: [UInt64: Int] = [:]
      var next: UInt64 = 1
      for _ in 0..<600 {
        if plain.count < most, random.chance(60) {
          next += random.chance(90) ? 1 : UInt64.random(in: 1...70, using: &random)
          (table[next], plain[next]) = (Int(next), Int(next))
        }
        let key = plain.keys.sorted().randomElement(using: &random) ?? next
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          let removed = table.removeValue(forKey: key)
          #expect(removed == plain.removeValue(forKey: key))
        case 1: (table[key], plain[key]) = (nil, nil)
        case 2:
          table[key]? += 7
          plain[key]? += 7
        // One that is not there, and stays away.
        default: table[next + 5]? += 1
        }
        #expect(table.count == plain.count)
        #expect(table[key] == plain[key])
      }
      #expect(Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) }) == plain, "seed \(seed)")
      for key in plain.keys { #expect(table[key] == plain[key], "seed \(seed)") }
    }
  }

  /// Would take minutes if each removal walked along all the others.
  @Test func `keys in their order come and go at the price of a few slots`() {
    var table = NumberedTable<UInt64, UInt64>()
    for key in 1...200_000 as ClosedRange<UInt64> { table[key] = key }
    for key in 1...200_000 as ClosedRange<UInt64> where table.removeValue(forKey: key) != key {
      Issue.record("\(key) is not there")
      return
    }
    #expect(table.isEmpty)
    #expect(table.map(\.key) == [])
    table[7] = 1
    #expect(table[7] == 1)
  }
}
