import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Whether all threads of a process are stopped.
private func isStopped(_ process: ProcessID) -> Bool {
  let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
  return threads.allSatisfy { thread in
    let text = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/stat", encoding: .utf8)
    return text?.split(separator: ")").last?.first { $0 != " " } == "T"
  }
}

/// What several processes do with queues.
@Suite(.isolated) struct QueueProcessTests {
  /// Puts numbers, blocking or not.
  struct Counting: ProcessTask {
    var queue: Queue<Int>
    var numbers: Range<Int>
    var isAsync = false

    func run() async throws {
      guard isAsync else { return try runBlocking() }
      for number in numbers { try await queue.put(number) }
    }

    func runBlocking() throws { for number in numbers { try queue.blocking.put(number) } }
  }

  /// Sums what it takes to the end.
  struct Summing: ProcessTask {
    var queue: Queue<Int>

    func run() async throws -> [Int] {
      var (count, sum) = (0, 0)
      for try await number in queue { (count, sum) = (count + 1, sum + number) }
      return [count, sum]
    }
  }

  @Test(arguments: StartMethod.available)
  func `a child continues the order of its parent`(method: StartMethod) async throws {
    let queue = try Queue<Int>()
    for number in 0..<10 { try await queue.put(number) }
    let task = Counting(queue: queue, numbers: 10..<20)
    try await start(method, task) { try task.runBlocking() }.value
    for number in 0..<20 { #expect(try await queue.get() == number) }
    await expect(.timedOut) { _ = try await queue.get(timeout: .zero) }
  }

  @Test(arguments: StartMethod.available)
  func `a child that drains a full queue lets its parent go on`(method: StartMethod) async throws {
    let (queue, go, done) = (try Queue<Int>(capacity: 6), try Event(), try Event())
    let body: () throws -> Void = {
      try go.blocking.wait()
      for _ in 0..<6 { _ = try queue.blocking.get() }
      done.set()
    }
    let child =
      method == .fork
      ? try ChildProcess.fork(body)
      : try ChildProcess.start(queue, go, done, context: ProcessContext(method)) { queue, go, done in
        try await go.wait()
        for _ in 0..<6 { _ = try await queue.get() }
        done.set()
      }
    for number in 1...6 { try await queue.put(number) }
    #expect(queue.isFull)
    go.set()
    try await done.wait()
    #expect(queue.isEmpty && queue.count == 0)
    try await child.value
  }

  @Test(arguments: StartMethod.available)
  func `a child's queue is empty until it has put, and again when all is taken`(method: StartMethod) async throws {
    let (queue, tally) = (try Queue<Int>(), try SharedTally())
    #expect(queue.isEmpty)
    let task = Counting(queue: queue, numbers: 0..<2)
    let child = try start(method, task) { try task.runBlocking() }
    #expect(await eventually { queue.count == 2 })
    _ = try await (queue.get(), queue.get())
    #expect(queue.isEmpty && tally[0] == 0)
    try await child.value
  }

  @Test func `a child may be joined before its queue is emptied`() async throws {
    let queue = try Queue<String>()
    let child = try ChildProcess.start(queue) { queue in
      for index in 0..<200 { try await queue.put(String(repeating: "x", count: 100_000) + "\(index)") }
    }
    #expect(try await child.join() == .exited(0))
    #expect(queue.count == 200)
    for index in 0..<200 { #expect(try await queue.get().hasSuffix("x\(index)")) }
  }

  @Test func `a child passes its queue on to a grandchild`() async throws {
    let queue = try Queue<Int>()
    let child = try ChildProcess.start(queue) { queue in
      try await ChildProcess.start(queue) { try await $0.put(2) }.value
      try await queue.put(3)
    }
    #expect(try await queue.get() == 2)
    #expect(try await queue.get() == 3)
    try await child.value
  }

  @Test(arguments: [nil, 1, 10] as [Int?])
  func `many producers and consumers lose nothing, in all processes and tasks`(capacity: Int?) async throws {
    let queue = try Queue<Int>(capacity: capacity)
    var children: [ChildProcess<Void>] = []
    for method in StartMethod.available {
      let task = Counting(queue: queue, numbers: 0..<500, isAsync: method == .spawn)
      children.append(try start(method, task) { try task.runBlocking() })
    }
    let readers = try (0..<2).map { _ in try ChildProcess.start(Summing(queue: queue)) }
    let tasks = (0..<4).map { _ in
      Task { @concurrent in
        var numbers: [Int] = []
        for try await number in queue { numbers.append(number) }
        return numbers
      }
    }
    try await withThrowingTaskGroup { group in
      for _ in 0..<4 {
        group.addTask { @concurrent in for number in 0..<500 { try await queue.put(number) } }
      }
      group.addTask { @concurrent in try await queue.put(contentsOf: 0..<500) }
      try await group.waitForAll()
    }
    for child in children { try await child.value }
    queue.finish()
    var (count, sum) = (0, 0)
    for reader in readers {
      let both = try await reader.value
      (count, sum) = (count + both[0], sum + both[1])
    }
    for task in tasks {
      let numbers = try await task.value
      (count, sum) = (count + numbers.count, sum + numbers.reduce(0, +))
    }
    let sets = StartMethod.available.count + 5
    #expect(count == sets * 500 && sum == sets * 499 * 250)
  }

  @Test func `elements of one producer come in its order, whoever takes them`() async throws {
    let queue = try Queue<Int>(capacity: 20)
    let producers = try (0..<3).map { index in
      try ChildProcess.start(Counting(queue: queue, numbers: index * 10_000..<index * 10_000 + 1000))
    }
    let readers = (0..<3).map { _ in
      Task { @concurrent in
        var numbers: [Int] = []
        for try await number in queue { numbers.append(number) }
        return numbers
      }
    }
    for producer in producers { try await producer.value }
    queue.finish()
    for reader in readers {
      let numbers = try await reader.value
      for producer in 0..<3 {
        let own = numbers.filter { $0 / 10_000 == producer }
        #expect(own == own.sorted())
      }
    }
  }

  @Test func `a process that was stopped while it waits leaves the others alone`() async throws {
    let queue = try Queue<Int>()
    let stopped = try ChildProcess.start(Summing(queue: queue))
    // Whatever fails: one that stays stopped would be in the way of other tests.
    defer { try? stopped.kill() }
    #expect(await eventually { isAsleep(stopped.id) })
    kill(stopped.id, SIGSTOP)
    // Until then its threads may still take elements.
    #expect(await eventually { isStopped(stopped.id) })
    for number in 0..<20 {
      try await queue.put(number)
      try await queue.put(number)
      #expect(try await queue.get(timeout: .seconds(20)) == number)
      #expect(try await queue.get(timeout: .seconds(20)) == number)
    }
    kill(stopped.id, SIGCONT)
    queue.finish()
    #expect(try await stopped.value == [0, 0])
  }

  @Test func `a queue of another tree or executable is refused`() async throws {
    let queue = try Queue<Int>()
    await expect(.notTransferable) { _ = try JSONEncoder().encode(queue) }
    await expect(.notTransferable) { _ = try JSONDecoder().decode(Queue<Int>.self, from: Data("[]".utf8)) }
  }
}
