import Foundation
import MultiprocessingSystem

@testable import Multiprocessing

/// What the processes of a storm note, for the accounts.
struct StormRecord: Codable {
  static let lives = 64
  static let items = 4096
  /// The most items that one call puts or takes.
  static let batch = 5

  /// How often each item of each producer's life was received.
  var received: SharedArray<UInt8>
  /// How many items of each producer's life were put and known to be so.
  var put: SharedArray<Int>
  /// Word 0: items out of order, 1: torn ones.
  var tally: SharedTally

  init() throws {
    received = try SharedArray(repeating: 0, count: Self.lives * Self.items)
    put = try SharedArray(repeating: 0, count: Self.lives)
    tally = try SharedTally()
  }
}

/// An item that shows when it is torn.
struct StormItem: Codable, Sendable {
  var life: Int
  var number: Int
  var content: [UInt16]

  init(life: Int, number: Int) {
    (self.life, self.number) = (life, number)
    content = [UInt16](repeating: Self.mark(life, number), count: Self.count(life, number))
  }

  private static func mark(_ life: Int, _ number: Int) -> UInt16 { UInt16(truncatingIfNeeded: life * 977 + number) }
  /// Mostly small, at times larger than a segment; of some lives all so large that puts keep pace with the consumers.
  private static func count(_ life: Int, _ number: Int) -> Int {
    number % 97 == 0 ? 40_000 : life % 5 == 4 ? 9000 : number * 7 % 300
  }

  var isWhole: Bool {
    content.count == Self.count(life, number) && content.allSatisfy { $0 == Self.mark(life, number) }
  }
}

/// Puts the parcels of one life, singly and in batches.
struct StormProducer: ProcessTask {
  var queue: Queue<StormItem>
  var record: StormRecord
  var life: Int
  var count: Int
  /// The step before which it dies, in builds that count steps; 0: none.
  var step: Int

  func run() async throws { try runBlocking() }

  func runBlocking() throws {
    try StepDeath.run(step) {
      var number = 0
      while number < count {
        let batch = number % 3 == 0 ? 1 : min(StormRecord.batch, count - number)
        let parcels = (number..<number + batch).map { StormItem(life: life, number: $0) }
        if batch == 1 { try queue.blocking.put(parcels[0]) } else { try queue.blocking.put(contentsOf: parcels) }
        number += batch
        record.put[life] = number
      }
    }
  }
}

/// Takes parcels to the end, singly and in batches, and checks them.
struct StormConsumer: ProcessTask {
  var queue: Queue<StormItem>
  var record: StormRecord
  var step: Int

  func run() async throws { try runBlocking() }

  func runBlocking() throws {
    var last = [Int](repeating: -1, count: StormRecord.lives)
    var isSingle = false
    try StepDeath.run(step) {
      do {
        while true {
          isSingle.toggle()
          let parcels = isSingle ? [try queue.blocking.get()] : try queue.blocking.get(upTo: StormRecord.batch)
          for parcel in parcels { note(parcel, &last) }
        }
      } catch let error as MultiprocessingError where error.code == .closed {}
    }
  }

  private func note(_ parcel: StormItem, _ last: inout [Int]) {
    guard parcel.isWhole, (0..<StormRecord.lives).contains(parcel.life) else { return record.tally.count(1) }
    if parcel.number <= last[parcel.life] { record.tally.count(0) }
    last[parcel.life] = parcel.number
    record.received[parcel.life * StormRecord.items + parcel.number] += 1
  }
}
