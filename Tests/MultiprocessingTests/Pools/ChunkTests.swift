import Synchronization
import Testing

@testable import Multiprocessing

@Suite(.isolated) struct ChunkTests {
  private let numbers = Chunk<Int, Int>(coder: TransferCoder())

  @Test func `a chunk is answered in one message`() async throws {
    let answer = try numbers.run(try numbers.encode([1, 2, 3], .sameBuild), .sameBuild, plain: { $0 * 2 })
    let (outputs, nanoseconds) = try numbers.decode(answer.payload, .sameBuild, count: 3)
    #expect(answer.count == 3)
    #expect(outputs == [2, 4, 6])
    #expect(nanoseconds > 0)
    let slower = try await numbers.run(try numbers.encode([1, 2, 3], .sameBuild), .sameBuild, suspending: { $0 * 2 })
    #expect(try numbers.decode(slower.payload, .sameBuild, count: 3).outputs == outputs)
  }

  @Test(arguments: [TransferFormat.sameBuild, .portable])
  func `results of every kind come back in order`(format: TransferFormat) throws {
    let words = Chunk<String, String?>(coder: TransferCoder())
    let answer = try words.run(try words.encode(["a", "b"], format), format) { $0 == "a" ? nil : $0 }
    #expect(try words.decode(answer.payload, format, count: 2).outputs == [nil, "b"])
    let nothing = Chunk<Int, Void>(coder: TransferCoder())
    let empty = try nothing.run(try nothing.encode([1, 2], format), format) { _ in }
    #expect(try nothing.decode(empty.payload, format, count: 2).outputs.count == 2)
  }

  @Test func `what takes long is answered without the rest`() async throws {
    let payload = try numbers.encode(Array(0..<1000), .sameBuild)
    let answer = try await numbers.run(payload, .sameBuild) { number in
      if number == 7 { try await Task.sleep(for: .milliseconds(50)) }
      return number
    }
    #expect(answer.count < 1000)
    #expect(try numbers.decode(answer.payload, .sameBuild, count: 1000).outputs == Array(0..<answer.count))
  }

  @Test func `what computes for long is answered without the rest, too`() throws {
    let answer = try numbers.run(try numbers.encode(Array(0..<1000), .sameBuild), .sameBuild) { number in
      let start = ContinuousClock.now
      while number > 7, ContinuousClock.now < start + .milliseconds(30) {}
      return number
    }
    // At least one: the quick ones, too, may take long on a busy machine.
    #expect(answer.count >= 1 && answer.count < 20)
    #expect(try numbers.decode(answer.payload, .sameBuild, count: 1000).outputs == Array(0..<answer.count))
  }

  @Test func `a cancelled chunk ends between two inputs`() async throws {
    let begun = Atomic(0)
    let payload = try numbers.encode(Array(0..<1000), .sameBuild)
    let work = Task { [numbers] in
      try await numbers.run(payload, .sameBuild) { number in
        begun.add(1, ordering: .relaxed)
        while !Task.isCancelled { await Task.yield() }
        let start = ContinuousClock.now
        while ContinuousClock.now < start + .milliseconds(3) {}
        return number
      }
    }
    while begun.load(ordering: .relaxed) == 0 { await Task.yield() }
    work.cancel()
    // Two: the clock between them need not have moved.
    _ = try? await work.value
    #expect(begun.load(ordering: .relaxed) < 20)
  }

  @Test func `an error is the chunk's`() throws {
    let payload = try numbers.encode([1, 2, 3], .sameBuild)
    #expect(throws: CodableFailure.self) {
      _ = try numbers.run(payload, .sameBuild) { number in
        if number == 2 { throw CodableFailure(reason: "two", places: []) }
        return number
      }
    }
  }

  @Test(arguments: [[], [1, 2, 3]])
  func `an answer of no results or too many is refused`(outputs: [Int]) throws {
    var writer = TransferWriter(.sameBuild)
    try writer.write(1.0)
    try TransferCoder<Int>().write(all: outputs, to: &writer)
    let payload = try writer.payload()
    #expect(throws: MultiprocessingError.self) { try numbers.decode(payload, .sameBuild, count: 2) }
  }

  /// Quick inputs make chunks large, and then come slow ones: most would sit in one worker.
  @Test func `slow inputs behind quick ones are shared out`() async throws {
    let pool = try ProcessPool(workers: 2)
    let places = try await pool.map(0..<20_000) { number -> ProcessID in
      if number >= 19_900 { try await Task.sleep(for: .milliseconds(10)) }
      return CurrentProcess.id
    }
    let slow = places.suffix(100)
    let shares = Set(slow).map { place in slow.count { $0 == place } }
    #expect(shares.count == 2 && shares.allSatisfy { $0 >= 25 }, "\(shares)")
    #expect(pool.statistics.completed == 20_000)
    #expect(pool.statistics.submitted == 20_000)
    #expect(pool.workers.reduce(0) { $0 + $1.tasksCompleted } == 20_000)
    await pool.terminate()
  }

  @Test func `handles in every input do not exhaust the descriptors of a worker`() async throws {
    let pool = try ProcessPool(workers: 2)
    let counter = try SharedAtomic(0)
    let inputs = try (0..<300).map { Handled(number: $0, counter: counter, file: try DescriptorHandle(duplicating: 0)) }
    let results = try await pool.map(inputs, options: .chunkSize(300)) { input in
      input.counter.wrappingAdd(1)
      return input.number
    }
    #expect(results == Array(0..<300))
    #expect(counter.load() == 300)
    await pool.terminate()
  }

  @Test func `large inputs go in small chunks`() async throws {
    let pool = try ProcessPool(workers: 2)
    let inputs = (0..<60).map { [UInt8](repeating: UInt8($0), count: 400_000) }
    #expect(try await pool.map(inputs) { Int($0[399_999]) } == Array(0..<60))
    await pool.terminate()
  }

  @Test func `a map in progress is finished when the pool is closed`() async throws {
    let pool = try ProcessPool(workers: 2)
    let begun = try Event()
    try await pool.broadcast(begun) { Beginning.shared.store($0) }
    let map = Task {
      try await pool.map(0..<200, options: .chunkSize(1)) { number in
        Beginning.shared.load()?.set()
        try await Task.sleep(for: .milliseconds(2))
        return number
      }
    }
    try await begun.wait()
    pool.close()
    try await pool.join()
    #expect(try await map.value == Array(0..<200))
    await #expect(throws: MultiprocessingError.self) { try await pool.map([1]) { $0 } }
  }

  @Test(arguments: [Int.max, -1, 1 << 40])
  func `a forged number of results without bytes is refused`(count: Int) throws {
    var writer = TransferWriter(.sameBuild)
    try writer.write(1.0)
    try writer.write(count)
    let payload = try writer.payload()
    let chunk = Chunk<Int, Void>(coder: TransferCoder())
    #expect(throws: MultiprocessingError.self) { try chunk.decode(payload, .sameBuild, count: 2) }
  }

  @Test(arguments: [nil, 1, 7])
  func `every input is run once, quick or slow`(size: Int?) async throws {
    let pool = try ProcessPool(workers: 3)
    let counter = try SharedAtomic(0)
    try await pool.broadcast(counter) { Counter.shared.store($0) }
    let results = try await pool.map(0..<5_000, options: MapOptions(chunkSize: size)) { number -> Int in
      Counter.shared.load()?.wrappingAdd(1)
      if number % 500 == 3 { try await Task.sleep(for: .milliseconds(12)) }
      return number
    }
    #expect(results == Array(0..<5_000))
    #expect(counter.load() == 5_000)
    await pool.terminate()
  }
}

/// What a worker counts with.
private final class Counter: Sendable {
  static let shared = Counter()
  private let atomic = Mutex<SharedAtomic<Int>?>(nil)

  func store(_ value: SharedAtomic<Int>) { atomic.withLock { $0 = value } }
  func load() -> SharedAtomic<Int>? { atomic.withLock { $0 } }
}

/// What tells that a map has begun.
private final class Beginning: Sendable {
  static let shared = Beginning()
  private let event = Mutex<Event?>(nil)

  func store(_ value: Event) { event.withLock { $0 = value } }
  func load() -> Event? { event.withLock { $0 } }
}

/// An input with handles in it.
struct Handled: Codable, Sendable {
  let number: Int
  let counter: SharedAtomic<Int>
  let file: DescriptorHandle
}
