import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Sums up in place.
private func accumulate(_ numbers: SharedArray<Int>) {
  for index in numbers.indices.dropFirst() { numbers[index] += numbers[index - 1] }
}

@Suite(.isolated) struct `A shared array` {
  private let numbers = [680, 626, 934, 821, 150, 233, 548, 982, 714, 831]
  private let sums = [680, 1306, 2240, 3061, 3211, 3444, 3992, 4974, 5688, 6519]

  @Test func `is read and written by index, as a copy and in place`() throws {
    let array = try SharedArray(numbers)
    #expect(array.count == 10 && array.indices == 0..<10)
    #expect(array.indices.map { array[$0] } == numbers)
    array.withUnsafeMutableBufferPointer { _ = $0[2...4].update(fromContentsOf: [1, 2, 3]) }
    #expect(array.snapshot() == [680, 626, 1, 2, 3, 233, 548, 982, 714, 831])
    array.withMutableSpan { span in
      for index in 0..<span.count { span[index] += 1 }
    }
    #expect(Array(array.snapshot()[3..<5]) == [3, 4])
  }

  @Test(arguments: StartMethod.forTasks)
  func `is changed in place by a child`(method: StartMethod) async throws {
    let array = try SharedArray(numbers)
    let child = try ChildProcess.start(array, context: ProcessContext(method)) { array in
      accumulate(array)
      return array
    }
    #expect(try await child.value.snapshot() == sums)
    #expect(array.snapshot() == sums)
  }

  @Test func `is changed in place by a forked copy`() async throws {
    let array = try SharedArray(numbers)
    try await ChildProcess<Void>.fork { accumulate(array) }.join()
    #expect(array.snapshot() == sums)
  }

  @Test(arguments: StartMethod.forTasks)
  func `of numbers, structs and bytes is doubled by a child`(method: StartMethod) async throws {
    let (levels, rows) = (try SharedArray((0..<10).map(Double.init)), try SharedArray(repeating: Row(3), count: 3))
    let text = try SharedArray(Array("hello".utf8))
    let child = try ChildProcess.start(levels, rows, text, context: ProcessContext(method)) { levels, rows, text in
      for index in levels.indices { levels[index] *= 2 }
      for index in rows.indices { rows[index] = Row(rows[index].a * 2) }
      for index in text.indices { text[index] -= 32 }
    }
    #expect(try await child.join() == .exited(0))
    #expect(levels.snapshot() == (0..<10).map { Double($0) * 2 })
    #expect(rows.snapshot() == [Row(6), Row(6), Row(6)])
    #expect(String(decoding: text.snapshot(), as: UTF8.self) == "HELLO")
  }

  @Test func `begins with what was given, also where memory is used again`() throws {
    for round in 0..<3 {
      let array = try SharedArray(repeating: 0, count: 100)
      #expect(array.snapshot() == [Int](repeating: 0, count: 100))
      for index in array.indices { array[index] = round + 1 }
    }
  }

  @Test func `may be empty, and may be large`() async throws {
    let none = try SharedArray([Int]())
    #expect(none.count == 0 && none.snapshot() == [])
    let child = try ChildProcess.start(none) { $0.count }
    #expect(try await child.value == 0)
    let large = try SharedArray(repeating: UInt8(1), count: 20_000_000)
    let writer = try ChildProcess.start(large) { large in large[19_999_999] = 2 }
    try await writer.join()
    #expect(large[19_999_999] == 2 && large[0] == 1)
  }

  @Test func `of more elements than there can be is refused`() throws {
    for count in [Int.max, Int.max / 8 + 1, 1 << 50] {
      let error = try #require(throws: MultiprocessingError.self) { _ = try SharedArray(repeating: 0, count: count) }
      #expect(error.code == .outOfMemory)
    }
    let error = try #require(throws: MultiprocessingError.self) { _ = try SharedArray(repeating: 0, count: -1) }
    #expect(error.code == .invalidArgument)
  }

  @Test func `takes any collection, but none that lies about its length`() throws {
    #expect(try SharedArray((1...3).lazy.map { $0 * $0 }).snapshot() == [1, 4, 9])
    #expect(try SharedArray([3: "c"].keys).snapshot() == [3])
    let error = try #require(throws: MultiprocessingError.self) { _ = try SharedArray(Liar()) }
    #expect(error.code == .invalidArgument)
  }

  @Test func `ends a child that reads outside`() async throws {
    let array = try SharedArray([1])
    for index in [1, -1, Int.max, Int.min] {
      let child = try ChildProcess.start(array, index) { array, index in array[index] }
      let error = try await failure(of: child)
      #expect(error.code == .childCrashed)
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `is changed as a whole under its lock`(method: StartMethod) async throws {
    let array = try SharedArray(repeating: 0, count: 3)
    let children = try (0..<4).map { _ in
      try ChildProcess.start(array, context: ProcessContext(method)) { array in
        for _ in 0..<300 { try await array.withLock { for index in $0.indices { $0[index] += 1 } } }
      }
    }
    for _ in 0..<300 { try await array.withLock { for index in $0.indices { $0[index] += 1 } } }
    for child in children { #expect(try await child.join() == .exited(0)) }
    #expect(array.snapshot() == [1500, 1500, 1500])
  }

  @Test func `tells of a holder that died, and keeps what it wrote`() async throws {
    let array = try SharedArray([1, 1])
    let child = try ChildProcess.start(array) { array in
      try await array.withLock { elements in
        elements[0] = 2
        kill(getpid(), SIGKILL)
      }
    }
    try await child.join()
    var owners: [ProcessID] = []
    try await array.withLock(onOwnerDeath: { owners.append($0) }) { $0[1] = $0[0] }
    #expect(owners == [child.id])
    #expect(array.snapshot() == [2, 2])
  }

  @Test func `is changed under its lock by a forked copy`() throws {
    let array = try SharedArray([1, 2])
    try ChildProcess<Void>.fork { try array.blocking.withLock { $0[0] = 5 } }.blocking.join()
    #expect(try array.blocking.withLock { Array($0) } == [5, 2])
  }

  @Test func `is not taken for one of another length or type`() throws {
    let payload = try TransferCoder<SharedArray<Int>>().encode(SharedArray([1, 2, 3]), .sameBuild)
    #expect(throws: MultiprocessingError.self) {
      try TransferCoder<SharedArray<Int16>>().decode(payload, .sameBuild)
    }
  }

  @Test func `with an alignment, has it`() throws {
    let vectors = try SharedArray(repeating: SIMD4<Double>(repeating: 1), count: 3)
    #expect(vectors.withUnsafeMutableBufferPointer { UInt(bitPattern: $0.baseAddress) } % 32 == 0)
  }

  /// A thousand times; ten thousand with MP_PROVE.
  @Test func `and values leave nothing behind`() async throws {
    _ = try SharedValue(1)
    let before = SharedResources.now()
    for round in 0..<Cycles.count {
      _ = try SharedArray(repeating: 1, count: round % 1000 * 10)
      _ = try SharedValue(round)
      _ = try SharedAtomic(round)
    }
    #expect(await SharedResources.areBack(at: before))
  }
}

/// Says three and gives one.
private struct Liar: Collection {
  var startIndex: Int { 0 }
  var endIndex: Int { 3 }
  var count: Int { 3 }
  func index(after index: Int) -> Int { index + 1 }
  subscript(index: Int) -> Int { index }

  struct Iterator: IteratorProtocol {
    var left = 1
    mutating func next() -> Int? {
      defer { left -= 1 }
      return left > 0 ? 1 : nil
    }
  }
  func makeIterator() -> Iterator { Iterator() }
}
