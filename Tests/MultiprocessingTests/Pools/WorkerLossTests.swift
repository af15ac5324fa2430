import Foundation
import Testing

@testable import Multiprocessing

/// Ends its worker in one of the ways there are.
struct EndWorker: ProcessTask {
  enum Way: String, Codable, CaseIterable, Sendable { case trap, segmentationFault, kill, exit, exitWell }
  var way = Way.trap
  var numbers = [1]

  func run() async throws -> Int {
    switch way {
    case .trap: return numbers[numbers.count]
    case .segmentationFault: return UnsafePointer<Int>(bitPattern: 8 * numbers.count)!.pointee
    case .kill: Foundation.kill(getpid(), SIGKILL)
    case .exit: Foundation.exit(3)
    case .exitWell: Foundation.exit(0)
    }
    return 0
  }

  var code: MultiprocessingError.Code { way == .exit || way == .exitWell ? .childExited : .childCrashed }
}

/// Dies, or fails, while it is encoded or decoded in a worker. With a string, so that it is not copied as bytes.
struct Fragile: Codable, Sendable {
  enum Place: String, Codable, CaseIterable, Sendable {
    case encodeExit, encodeCrash, decodeExit, decodeCrash, decodeThrow, encodeThrow
  }
  var text: String
  var place: Place? { Place(rawValue: text) }

  init(_ place: Place? = nil) { text = place?.rawValue ?? "sound" }

  init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
    if place == .decodeExit, CurrentProcess.parent != nil { exit(4) }
    if place == .decodeCrash, CurrentProcess.parent != nil { abort() }
    if place == .decodeThrow { throw CodableFailure(reason: "cannot be read", places: []) }
  }

  func encode(to encoder: any Encoder) throws {
    if place == .encodeExit, CurrentProcess.parent != nil { exit(4) }
    if place == .encodeCrash, CurrentProcess.parent != nil { abort() }
    if place == .encodeThrow { throw CodableFailure(reason: "cannot be written", places: []) }
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// Leaves its worker nothing to hear or to be heard by but the memory of its rings.
private struct CloseEverything: ProcessTask {
  func run() async throws -> Int {
    for number in 3..<256 as Range<Int32> { close(number) }
    return 1
  }
}

@Suite(.isolated) struct WorkerLossTests {
  @Test(arguments: StartMethod.forTasks)
  func `a task that closes its worker's descriptors is answered, and the others go on`(method: StartMethod) async throws
  {
    try await withWorkers(1, method) { pool in
      let closing = try pool.submit(CloseEverything())
      let later = try pool.submit(Nap(milliseconds: 0, answer: 7))
      #expect(try await closing.value == 1)
      #expect(try await later.value == 7)
      #expect(pool.statistics.failed == 0)
    }
  }

  @Test(arguments: StartMethod.forTasks, EndWorker.Way.allCases)
  func `a worker that dies fails its own task only and is replaced`(method: StartMethod, way: EndWorker.Way)
    async throws
  {
    try await withWorkers(2, method) { pool in
      let others = try (0..<8).map { try pool.submit(Nap(milliseconds: 20, answer: $0)) }
      let doomed = try pool.submit(EndWorker(way: way))
      let later = try (0..<8).map { try pool.submit(Nap(milliseconds: 0, answer: $0)) }
      let thrown = await #expect(throws: MultiprocessingError.self) { _ = try await doomed.value }
      #expect(thrown?.code == EndWorker(way: way).code)
      for (number, task) in (others + later).enumerated() { try await expectEqual(task.value, number % 8) }
      #expect(await eventually { pool.workers.count == 2 })
      let statistics = pool.statistics
      #expect(statistics.submitted == 17 && statistics.completed == 16 && statistics.failed == 1)
      #expect(statistics.crashed == (EndWorker(way: way).code == .childCrashed ? 1 : 0))
    }
  }

  @Test func `the error of a crash tells the task, the signal and the message`() async throws {
    try await withWorkers(1) { pool in
      let thrown = await #expect(throws: MultiprocessingError.self) { _ = try await pool.run(EndWorker()) }
      let crash = try #require(thrown?.crash)
      expectMessage(of: crash, "Fatal error: Index out of range")
      #expect(crash.taskDescription == "MultiprocessingTests.EndWorker")
      #expect(crash.processName.contains("PoolWorker"))
      #expect(crash.frames.contains { $0.contains("EndWorker.run") }, "\(crash)")
      let exited = await #expect(throws: MultiprocessingError.self) { _ = try await pool.run(EndWorker(way: .exit)) }
      #expect(exited?.terminationStatus == .exited(3))
    }
  }

  @Test(arguments: [1, 7, nil])
  func `the error of a map tells which input its worker died of`(chunkSize: Int?) async throws {
    try await withWorkers(2) { pool in
      for doomed in [0, 57, 99] {
        let thrown = await #expect(throws: MultiprocessingError.self) {
          _ = try await pool.map((0..<100).map { ($0 == doomed) ? -1 : $0 }, options: MapOptions(chunkSize: chunkSize))
          {
            if $0 < 0 { kill(getpid(), SIGKILL) }
            return $0
          }
        }
        #expect(thrown?.code == .childCrashed)
        #expect(thrown?.inputIndex == doomed)
        #expect("\(thrown!)".contains("(the input at \(doomed))"))
      }
      let thrown = await #expect(throws: MultiprocessingError.self) { _ = try await pool.run(EndWorker()) }
      #expect(thrown != nil && thrown?.inputIndex == nil)
    }
  }

  @Test func `an error in a stream stands at the place of its input, and names no other`() async throws {
    try await withWorkers(1) { pool in
      let inputs = (0..<100).map { $0 == 57 ? -1 : $0 }
      let stream = pool.stream(inputs, options: MapOptions(chunkSize: 50)) { (number: Int) -> Int in
        if number < 0 { kill(getpid(), SIGKILL) }
        return number
      }
      var lost: [(place: Int, index: Int?)] = []
      var place = 0
      for await outcome in stream.results {
        if case .failure(let error) = outcome { lost.append((place, (error as? MultiprocessingError)?.inputIndex)) }
        place += 1
      }
      #expect(lost.map(\.place) == [57] && lost.map(\.index) == [nil])
    }
  }

  @Test func `every input of a map that failed is counted`() async throws {
    try await withWorkers(2) { pool in
      for _ in 0..<30 {
        _ = try? await pool.map(0..<100) { number in
          // Chunks come back because they take long, while others fail.
          if number % 9 == 3 { try await Task.sleep(for: .milliseconds(6)) }
          if number == 80 { throw CodableFailure(reason: "fails", places: []) }
          return number
        }
      }
      #expect(await eventually { pool.statistics.completed + pool.statistics.failed == pool.statistics.submitted })
    }
  }

  @Test func `a death while an argument is decoded or a result encoded fails that task only`() async throws {
    try await withWorkers(1) { pool in
      for place in [Fragile.Place.decodeExit, .decodeCrash] {
        let expected: MultiprocessingError.Code = place == .decodeExit ? .childExited : .childCrashed
        #expect(await code { _ = try await pool.run(Fragile(place)) { $0.place == nil } } == expected)
      }
      for place in [Fragile.Place.encodeExit, .encodeCrash] {
        let expected: MultiprocessingError.Code = place == .encodeExit ? .childExited : .childCrashed
        #expect(await code { _ = try await pool.run(place) { Fragile($0) } } == expected)
      }
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test func `what cannot be encoded or decoded fails its task and costs no worker`() async throws {
    try await withWorkers(1) { pool in
      let worker = try await pool.run { CurrentProcess.id }
      for _ in 0..<20 {
        let codes = [
          await code { _ = try await pool.run(Fragile(.encodeThrow)) { _ in 1 } },
          await code { _ = try await pool.run(Fragile(.decodeThrow)) { _ in 1 } },
          await code { _ = try await pool.run { Fragile(.encodeThrow) } },
          await code { _ = try await pool.run { Fragile(.decodeThrow) } },
          await code { _ = try await pool.map([Fragile(.encodeThrow)]) { _ in 1 } },
        ]
        #expect(codes == Array(repeating: .notTransferable, count: 5))
      }
      try await expectEqual(pool.run { CurrentProcess.id }, worker)
      pool.close()
      try await pool.join()
    }
  }

  @Test func `a worker that dies while a large argument is on its way does not block the pool`() async throws {
    try await withWorkers(1) { pool in
      for _ in 0..<10 {
        let large = Wrapped(place: .decodeCrash, bytes: [UInt8](repeating: 1, count: 3_000_000))
        #expect(await code { _ = try await pool.run(large) { $0.bytes.count } } == .childCrashed)
      }
      try await expectEqual(pool.run { 1 }, 1)
    }
  }

  @Test(arguments: StartMethod.forTasks)
  func `large values cross both ways`(method: StartMethod) async throws {
    try await withWorkers(2, method) { pool in
      let bytes = [UInt8](repeating: 7, count: 20_000_000)
      let back = try await pool.map([0, 1], options: .chunkSize(2)) { [UInt8](repeating: UInt8($0), count: 20_000_000) }
      #expect(back.map(\.count) == [20_000_000, 20_000_000] && back[1][19_999_999] == 1)
      let doubled = try await pool.run(bytes) { $0.map { $0 * 2 } }
      #expect(doubled.count == 20_000_000 && doubled.first == 14 && doubled.last == 14)
    }
  }

  @Test func `a worker killed while it is idle is replaced and no task fails`() async throws {
    try await withWorkers(2) { pool in
      _ = try await pool.map(0..<4) { $0 }
      for _ in 0..<5 {
        let victim = try #require(pool.workers.first?.processID)
        kill(victim, SIGKILL)
        for number in 0..<4 { try await expectEqual(pool.run(number) { $0 }, number) }
        #expect(await eventually { pool.workers.count == 2 && pool.workers.allSatisfy { $0.processID != victim } })
      }
    }
  }

  @Test func `retries run a task again after a lost worker, and not after an error`() async throws {
    let file = TemporaryFile()
    try await withWorkers(2) { pool in
      let value = try await pool.run(file.path, options: .retries(2)) { path in
        TemporaryFile.append("begun", to: path)
        if TemporaryFile.lines(of: path).count < 3 { abort() }
        return 6
      }
      #expect(value == 6)
      #expect(file.lines.count == 3 && pool.statistics.retried == 2)
      #expect(await code { _ = try await pool.run(EndWorker(), options: .retries(2)) } == .childCrashed)
      #expect(pool.statistics.retried == 4)
      await #expect(throws: CodableFailure.self) { _ = try await pool.run(Failing(), options: .retries(2)) }
      #expect(pool.statistics.retried == 4)
    }
  }

  @Test func `many losses with completions between them are no crash loop`() async throws {
    try await withWorkers(1, .forkServer, configured { $0.restartLimit = .init(count: 2) }) { pool in
      for _ in 0..<8 {
        #expect(await code { _ = try await pool.run(EndWorker(way: .exit)) } == .childExited)
        try await expectEqual(pool.run { 1 }, 1)
      }
    }
  }

  @Test func `losses without a completion close the pool`() async throws {
    try await withWorkers(2, .forkServer, configured { $0.restartLimit = .init(count: 3) }) { pool in
      let tasks = try (0..<20).map { _ in try pool.submit(EndWorker(way: .exit)) }
      var codes: [MultiprocessingError.Code?] = []
      for task in tasks { codes.append(await code { _ = try await task.value }) }
      #expect(codes.filter { $0 == .childExited }.count == 4)
      #expect(codes.filter { $0 == .crashLoop }.count == 16)
      #expect(await code { _ = try await pool.run { 1 } } == .crashLoop)
      pool.close()
      try await pool.join()
    }
  }

  @Test func `a worker that dies after close fails its task, and the others finish`() async throws {
    try await withWorkers(2) { pool in
      let doomed = try pool.submit(EndWorker(way: .kill))
      let others = try (0..<10).map { try pool.submit(Nap(milliseconds: 10, answer: $0)) }
      let unencodable = await code { _ = try pool.submit(Fragile(.encodeThrow)) { _ in 1 } }
      pool.close()
      try await pool.join()
      #expect(unencodable == .notTransferable)
      #expect(await code { _ = try await doomed.value } == .childCrashed)
      for (number, task) in others.enumerated() { try await expectEqual(task.value, number) }
    }
  }
}

struct Wrapped: Codable, Sendable {
  var place: Fragile
  var bytes: [UInt8]

  init(place: Fragile.Place, bytes: [UInt8]) { (self.place, self.bytes) = (Fragile(place), bytes) }
}
