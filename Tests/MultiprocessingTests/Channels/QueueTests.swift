import Foundation
import Testing

@testable import Multiprocessing

/// Expects a code of the library's.
func expect(
  _ code: MultiprocessingError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
  let error = await #expect(throws: MultiprocessingError.self, sourceLocation: sourceLocation) { try await body() }
  #expect(error?.code == code, sourceLocation: sourceLocation)
}

@Suite(.isolated) struct QueueTests {
  @Test func `a queue counts what it holds, exactly`() async throws {
    let queue = try Queue<Int>()
    #expect(queue.count == 0 && queue.isEmpty && !queue.isFull && queue.capacity == nil)
    try await queue.put(1)
    #expect(queue.count == 1)
    try await queue.put(5)
    #expect(queue.count == 2 && !queue.isEmpty)
    #expect(try await queue.get() == 1)
    #expect(queue.count == 1)
    #expect(try queue.tryGet() == 5)
    #expect(queue.isEmpty)
    #expect(try queue.tryGet() == nil)
  }

  @Test func `elements of all kinds come out as they went in, in order`() async throws {
    let points = try Queue<(Point)>()
    let shapes: [Shape] = [.circle(radius: 1), .nothing, .named("x", points: [Point(x: 1, y: 2, label: "p")])]
    let drawn = try Queue<Shape>()
    let texts = try Queue<String?>()
    let arrays = try Queue<[Double]>()
    let nothing = try Queue<Empty>()
    for index in 0..<40 {
      try await points.put(Point(x: Double(index), label: "\(index)"))
      try await drawn.put(shapes[index % 3])
      try await texts.put(index % 2 == 0 ? nil : String(repeating: "ä", count: index * 100))
      try await arrays.put([Double](repeating: Double(index), count: index))
      try await nothing.put(Empty())
    }
    for index in 0..<40 {
      #expect(try await points.get() == Point(x: Double(index), label: "\(index)"))
      #expect(try await drawn.get() == shapes[index % 3])
      #expect(try await texts.get() == (index % 2 == 0 ? nil : String(repeating: "ä", count: index * 100)))
      #expect(try await arrays.get() == [Double](repeating: Double(index), count: index))
      _ = try await nothing.get()
    }
    #expect(points.isEmpty && drawn.isEmpty && texts.isEmpty && arrays.isEmpty && nothing.isEmpty)
  }

  private struct Empty: Codable, Sendable {}

  @Test func `a full queue refuses or waits in every form, and an empty one too`() async throws {
    let queue = try Queue<Int>(capacity: 6)
    try await queue.put(1)
    try await queue.put(2, timeout: .seconds(10))
    #expect(try queue.tryPut(3))
    try await queue.put(contentsOf: [4])
    try blockingPut(queue, 5)
    try await queue.put(6, timeout: .zero)
    #expect(queue.isFull && queue.count == 6)
    #expect(try !queue.tryPut(7))
    await expect(.timedOut) { try await queue.put(7, timeout: .zero) }
    await expect(.timedOut) { try blockingPut(queue, 7, timeout: .seconds(-1)) }
    let start = ContinuousClock.now
    await expect(.timedOut) { try await queue.put(7, timeout: .milliseconds(30)) }
    await expect(.timedOut) { try blockingPut(queue, 7, timeout: .milliseconds(30)) }
    #expect(ContinuousClock.now - start >= .milliseconds(60))
    #expect(try await queue.get() == 1)
    #expect(try await queue.get(timeout: .seconds(10)) == 2)
    #expect(try queue.tryGet() == 3)
    #expect(try blockingGet(queue) == 4)
    #expect(try await queue.get(upTo: 10) == [5, 6])
    #expect(queue.isEmpty)
    await expect(.timedOut) { _ = try await queue.get(timeout: .zero) }
    await expect(.timedOut) { _ = try blockingGet(queue, timeout: .zero) }
    let second = ContinuousClock.now
    await expect(.timedOut) { _ = try await queue.get(timeout: .milliseconds(30)) }
    await expect(.timedOut) { _ = try await queue.get(upTo: 3, timeout: .milliseconds(30)) }
    await expect(.timedOut) { _ = try blockingGet(queue, timeout: .milliseconds(30)) }
    #expect(ContinuousClock.now - second >= .milliseconds(90))
    #expect(queue.isEmpty)
  }

  @Test func `batches keep their order and take what there is`() async throws {
    let queue = try Queue<Int>()
    try await queue.put(contentsOf: 0..<10_000)
    try await queue.put(contentsOf: Array(10_000..<30_000))
    try await queue.put(contentsOf: Set([30_000]))
    try await queue.put(contentsOf: [])
    #expect(queue.count == 30_001)
    var received: [Int] = []
    #expect(try await queue.get(upTo: 1) == [0])
    while !queue.isEmpty { received += try await queue.get(upTo: 7000) }
    #expect(received == Array(1...30_000))
    let texts = try Queue<String>()
    try await texts.put(contentsOf: (0..<3000).map(String.init))
    #expect(try await texts.get(upTo: 10_000) == (0..<3000).map(String.init))
    await expect(.invalidArgument) { _ = try await queue.get(upTo: 0) }
  }

  @Test func `after the end there are no more puts, and gets take what is there`() async throws {
    let queue = try Queue<String>(capacity: 2)
    #expect(!queue.isFinished)
    try await queue.put("a")
    try await queue.put("b")
    let waiting = Task { try await queue.put("c") }
    try await Task.sleep(for: .milliseconds(20))
    queue.finish()
    queue.finish()
    #expect(queue.isFinished && queue.count == 2)
    await expect(.closed) { try await waiting.value }
    await expect(.closed) { try await queue.put("d") }
    await expect(.closed) { _ = try queue.tryPut("d") }
    await expect(.closed) { try await queue.put(contentsOf: ["d"]) }
    #expect(try await queue.get() == "a")
    #expect(try await queue.get(upTo: 5) == ["b"])
    await expect(.closed) { _ = try await queue.get() }
    await expect(.closed) { _ = try await queue.get(upTo: 5) }
    await expect(.closed) { _ = try queue.tryGet() }
    #expect(queue.isEmpty)
    for try await text in queue { Issue.record("\(text)") }
    let empty = try Queue<Int>()
    let reader = Task { try await empty.get() }
    try await Task.sleep(for: .milliseconds(20))
    empty.finish()
    #expect(empty.isEmpty)
    await expect(.closed) { _ = try await reader.value }
  }

  @Test func `iteration ends with the queue, and iterators share the elements`() async throws {
    let queue = try Queue<Int>()
    let readers = (0..<3).map { _ in
      Task {
        var numbers: [Int] = []
        for try await number in queue { numbers.append(number) }
        return numbers
      }
    }
    for number in 0..<300 { try await queue.put(number) }
    queue.finish()
    var all: [Int] = []
    for reader in readers {
      let numbers = try await reader.value
      #expect(numbers == numbers.sorted())
      all += numbers
    }
    #expect(all.sorted() == Array(0..<300))
  }

  @Test func `what cannot be encoded fails its put alone and takes no place`() async throws {
    let queue = try Queue<Either>(capacity: 1)
    await expect(.notTransferable) { try await queue.put(.bad(Unencodable())) }
    #expect(queue.isEmpty)
    try await queue.put(.good("x"))
    await expect(.notTransferable) { _ = try queue.tryPut(.bad(Unencodable())) }
    #expect(try await queue.get() == .good("x"))
    await expect(.notTransferable) { try await queue.put(contentsOf: [.bad(Unencodable()), .good("y")]) }
    #expect(queue.isEmpty)
  }

  @Test func `what cannot be decoded fails its get alone`() async throws {
    let queue = try Queue<Undecodable?>()
    try await queue.put(Undecodable())
    try await queue.put(nil)
    await expect(.notTransferable) { _ = try await queue.get() }
    #expect(try await queue.get() == nil as Undecodable?)
    #expect(queue.isEmpty)
  }

  @Test func `what cannot be decoded fails alone in a get of many, and nothing else is lost`() async throws {
    let queue = try Queue<Undecodable?>()
    try await queue.put(contentsOf: [nil, nil, Undecodable(), nil, Undecodable()])
    #expect(try await queue.get(upTo: 10).count == 2)
    await expect(.notTransferable) { _ = try await queue.get(upTo: 10) }
    #expect(try await queue.get(upTo: 10).count == 1)
    #expect(try await waitForAny(of: [queue], timeout: .zero).count == 1)
    await expect(.notTransferable) { _ = try await queue.get() }
    #expect(queue.isEmpty)
    #expect(try queue.tryGet() == nil)
  }

  @Test func `a damaged element fails alone in a get of many`() async throws {
    let queue = try Queue<[Int]>()
    for bytes in [8, 16, 9, 0, 8, 7] {
      _ = try pattern(bytes).withUnsafeBytes { bytes in try queue.core.attempt { try queue.core.put(bytes, $0) } }
    }
    #expect(try await queue.get(upTo: 10).map(\.count) == [1, 2])
    await expect(.notTransferable) { _ = try await queue.get(upTo: 10) }
    #expect(try await queue.get(upTo: 10).map(\.count) == [0, 1])
    await expect(.notTransferable) { _ = try await queue.get(upTo: 10) }
    #expect(queue.isEmpty)
  }

  @Test func `a handle is refused, with the remedy`() async throws {
    let queue = try Queue<Holder>()
    let (lock, other) = (try Lock(), try Queue<Int>())
    for holder in [Holder(lock: lock), Holder(queue: other), Holder(array: try SharedArray([1]))] {
      let error = await #expect(throws: MultiprocessingError.self) { try await queue.put(holder) }
      #expect(error?.code == .notTransferable)
      #expect(error?.message.contains("as an argument") == true, "\(error.debugDescription)")
    }
    #expect(queue.isEmpty)
    try await queue.put(Holder())
    #expect(try await queue.get().lock == nil)
  }

  private struct Holder: Codable, Sendable {
    var lock: Lock?
    var queue: Queue<Int>?
    var array: SharedArray<Int>?
  }

  @Test func `a queue has at least room for one`() async throws {
    for capacity in [0, -1, .min, .max] {
      await expect(.invalidArgument) { _ = try Queue<Int>(capacity: capacity) }
    }
    #expect(try Queue<Int>(capacity: 1).capacity == 1)
  }

  @Test func `a cancelled wait takes and puts nothing`() async throws {
    let queue = try Queue<Int>(capacity: 1)
    let gets = (0..<10).map { _ in Task { try await queue.get() } }
    try await Task.sleep(for: .milliseconds(20))
    for get in gets.prefix(9) { get.cancel() }
    for get in gets.prefix(9) { await #expect(throws: CancellationError.self) { try await get.value } }
    try await queue.put(7)
    #expect(try await gets[9].value == 7)
    try await queue.put(8)
    let put = Task { try await queue.put(9) }
    try await Task.sleep(for: .milliseconds(20))
    put.cancel()
    await #expect(throws: CancellationError.self) { try await put.value }
    #expect(try await queue.get() == 8)
    #expect(queue.isEmpty)
  }

  @Test func `a description tells what there is`() async throws {
    let queue = try Queue<Int>(capacity: 3)
    try await queue.put(1)
    #expect("\(queue)" == "Queue(1 of 3)")
    queue.finish()
    #expect("\(queue)" == "Queue(1 of 3, finished)")
  }
}

private enum Either: Codable, Sendable, Equatable {
  case good(String)
  case bad(Unencodable)

  static func == (left: Either, right: Either) -> Bool {
    if case (.good(let left), .good(let right)) = (left, right) { return left == right }
    return false
  }
}

extension Undecodable: Equatable {
  static func == (left: Undecodable, right: Undecodable) -> Bool { left.text == right.text }
}

func blockingPut<E>(_ queue: Queue<E>, _ element: E, timeout: Duration? = nil) throws {
  try queue.blocking.put(element, timeout: timeout)
}

func blockingGet<E>(_ queue: Queue<E>, timeout: Duration? = nil) throws -> E {
  try queue.blocking.get(timeout: timeout)
}
