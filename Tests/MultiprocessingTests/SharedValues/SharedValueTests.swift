import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Larger than what the machine writes at once.
struct Row: BitwiseCopyable, Codable, Sendable, Equatable {
  var a = 0
  var b = 0.0
  var c: Int8 = 0
  var d = 0
  var e = (1 as Int32, 2 as Int64)

  init(_ number: Int) {
    (a, b, c, d, e) = (number, Double(number), Int8(truncatingIfNeeded: number), number, (Int32(number), Int64(number)))
  }

  private enum Key: String, CodingKey { case number }
  init(from decoder: any Decoder) throws {
    self.init(try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .number))
  }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(a, forKey: .number)
  }

  static func == (left: Row, right: Row) -> Bool {
    left.a == right.a && left.b == right.b && left.c == right.c && left.d == right.d && left.e == right.e
  }
}

enum Colour: UInt8, Codable, Sendable, BitwiseCopyable { case red, green, blue }

enum Reading: Sendable, BitwiseCopyable, Equatable {
  case nothing
  case level(Double)
  case pair(Int32, Bool)
}

@Suite(.isolated) struct `A shared value` {
  private func roundTrip<T: BitwiseCopyable & Sendable & Equatable>(_ first: T, _ second: T) throws {
    let value = try SharedValue(first)
    #expect(value.value == first)
    value.value = second
    let coder = TransferCoder<SharedValue<T>>()
    let other = try coder.decode(coder.encode(value, .sameBuild), .sameBuild)
    #expect(other.value == second)
    other.value = first
    #expect(value.value == first)
  }

  @Test func `holds any trivially copyable type`() throws {
    try roundTrip(7, -1)
    try roundTrip(Int8.min, 3)
    try roundTrip(UInt16.max, 0)
    try roundTrip(2.5, -.infinity)
    try roundTrip(Float(1.5), 2)
    try roundTrip(true, false)
    try roundTrip(Colour.blue, .green)
    try roundTrip(Reading.level(0.5), .pair(-1, true))
    try roundTrip(Reading.nothing, .level(.pi))
    try roundTrip(Int?.none, 5)
    try roundTrip(Row(1), Row(-2))
    try roundTrip(Int128.max, 1)
    try roundTrip(SIMD8<Double>(repeating: 1), SIMD8(repeating: 2))
    try roundTrip(Duration.seconds(1), .milliseconds(3))
    try roundTrip(Unicode.Scalar("a"), "ж")
  }

  @Test func `needs an alignment that memory has`() throws {
    let error = try #require(throws: MultiprocessingError.self) { _ = try ValueCell(size: 8, alignment: 128) }
    #expect(error.code == .unsupported)
  }

  @Test func `is changed in place by operators and inout arguments`() throws {
    let number = try SharedValue(5)
    number.value += 2
    number.value.negate()
    #expect(number.value == -7)
    let row = try SharedValue(Row(1))
    row.value.d += 10
    row.value.e.0 = 9
    #expect(row.value.d == 11 && row.value.e.0 == 9 && row.value.a == 1)
  }

  @Test func `keeps what was written when the change throws`() throws {
    let number = try SharedValue(1)
    func change(_ number: inout Int) throws {
      number = 2
      throw PlainFailure(description: "after the change")
    }
    #expect(throws: PlainFailure.self) { try change(&number.value) }
    #expect(number.value == 2)
  }

  @Test(arguments: StartMethod.forTasks)
  func `is changed by a child, and seen by its parent`(method: StartMethod) async throws {
    let (count, level, row) = (try SharedValue(1), try SharedValue(0.5), try SharedValue(Row(3)))
    let child = try ChildProcess.start(count, level, row, context: ProcessContext(method)) { count, level, row in
      count.value *= 2
      level.value *= 2
      row.value = Row(row.value.a * 2)
    }
    #expect(try await child.join() == .exited(0))
    #expect(count.value == 2 && level.value == 1 && row.value == Row(6))
  }

  @Test func `is changed by a forked copy`() async throws {
    let number = try SharedValue(1)
    try await ChildProcess<Void>.fork { number.value += 4 }.join()
    #expect(number.value == 5)
  }

  @Test(arguments: StartMethod.forTasks)
  func `loses no count of several processes and threads`(method: StartMethod) async throws {
    let count = try SharedValue(0)
    let children = try (0..<3).map { _ in
      try ChildProcess.start(count, context: ProcessContext(method)) { count in
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<2 { group.addTask { for _ in 0..<5000 { count.value += 1 } } }
        }
      }
    }
    for _ in 0..<5000 { count.value += 1 }
    for child in children { #expect(try await child.join() == .exited(0)) }
    #expect(count.value == 35_000)
  }

  @Test func `is never half written, whenever a writer is killed`() async throws {
    let row = try SharedValue(Row(0))
    var last = 0
    for round in 0..<60 {
      let child = try ChildProcess.start(row) { row in
        while true { row.value = Row(row.value.a + 1) }
      }
      #expect(await eventually { row.value.a > last })
      usleep(UInt32(round * 37 % 1000))
      try child.kill()
      try await child.join()
      let found = row.value
      #expect(found == Row(found.a))
      #expect(found.a >= last)
      last = found.a
    }
  }

  @Test(.enabled(if: Steps.areCounted))
  func `is the old one or the new, at whatever step its writer dies`() async throws {
    let row = try SharedValue(Row(0))
    try await StepDeath.tryAll("a shared value's change") { step in
      let before = row.value.a
      let victim = try ChildProcess.start(row, step) { row, step in
        StepDeath.run(step) { row.value = Row(row.value.a + 1) }
      }
      let other = try ChildProcess.start(row) { row in for _ in 0..<50 { row.value = Row(row.value.a) } }
      let status = try await victim.join()
      #expect(try await other.join() == .exited(0))
      let after = row.value
      #expect(after == Row(after.a) && (before...before + 1).contains(after.a))
      row.value = Row(after.a + 1)
      #expect(row.value == Row(after.a + 1))
      return status == .exited(0)
    }
  }

  @Test func `is not taken for one of another size`() throws {
    let payload = try TransferCoder<SharedValue<Int>>().encode(SharedValue(1), .sameBuild)
    #expect(throws: MultiprocessingError.self) {
      try TransferCoder<SharedValue<Row>>().decode(payload, .sameBuild)
    }
  }

  @Test func `gives copies that are independent`() throws {
    let row = try SharedValue(Row(1))
    let copy = row.value
    let other = try SharedValue(row.value)
    row.value = Row(2)
    #expect(copy == Row(1) && other.value == Row(1))
  }

  @Test(arguments: StartMethod.forTasks)
  func `is changed in several steps under its lock`(method: StartMethod) async throws {
    let (stock, sold) = (try SharedValue(500), try SharedValue(0))
    let children = try (0..<4).map { _ in
      try ChildProcess.start(stock, sold, context: ProcessContext(method)) { stock, sold in
        for _ in 0..<200 {
          let hasSold = try await stock.withLock { left in
            if left == 0 { return false }
            left -= 1
            return true
          }
          if hasSold { sold.value += 1 }
        }
      }
    }
    for child in children { #expect(try await child.join() == .exited(0)) }
    #expect(stock.value == 0 && sold.value == 500)
  }

  @Test func `tells of a holder that died in several steps, and has the value from before`() async throws {
    let row = try SharedValue(Row(4))
    let child = try ChildProcess.start(row) { row in
      try await row.withLock { row in
        row.a = 5
        kill(getpid(), SIGKILL)
      }
    }
    try await child.join()
    #expect(row.value == Row(4))
    let error = await #expect(throws: MultiprocessingError.self) { try await row.withLock { $0.a = 6 } }
    #expect(error?.code == .ownerDied)
    var owners: [ProcessID] = []
    try await row.withLock(onOwnerDeath: { owners.append($0) }) { $0 = Row(7) }
    #expect(owners == [child.id])
    try await row.withLock { #expect($0 == Row(7)) }
  }

  @Test func `is changed under its lock by code that blocks`() throws {
    let row = try SharedValue(Row(1))
    try changeBlocking(row)
    #expect(row.value == Row(2))
    let child = try ChildProcess<Int>.fork { try row.blocking.withLock { $0.a } }
    #expect(try child.blocking.value() == 2)
  }

  private func changeBlocking(_ row: SharedValue<Row>) throws { try row.blocking.withLock { $0 = Row($0.a + 1) } }

  @Test func `has a lock of its own, or the one given`() async throws {
    let lock = try Lock()
    let (first, second) = (try SharedValue(1, lock: lock), try SharedArray([1, 2], lock: lock))
    #expect(first.lock === lock && second.lock === lock)
    #expect(try SharedValue(1).lock !== SharedValue(1).lock)
  }
}
