import Foundation
import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// Does to its worker, or not, what its number says; notes that it has begun.
struct SeriesInput: ProcessTask {
  enum Deed: Codable, Equatable {
    case answer, brief, throwError, die, exit, hang, sleep, dieDecoding, throwDecoding, large
    case dieLater(Int)
  }

  var number: Int
  var deed: Deed
  var path: String

  func run() async throws -> [UInt8] {
    TemporaryFile.append("\(number)", to: path)
    switch deed {
    case .answer, .dieDecoding, .throwDecoding: break
    case .brief: usleep(500)
    case .throwError: throw CodableFailure(reason: "\(number)", places: [number])
    case .die: kill(getpid(), SIGKILL)
    case .dieLater(let step): Steps.die(before: step)
    case .exit: exit(3)
    case .hang: while true { Foundation.sleep(1) }
    case .sleep: try await Task.sleep(for: .seconds(100))
    case .large: return [UInt8](repeating: 9, count: 100_000)
    }
    return Array("\(number)".utf8)
  }

  enum CodingKeys: CodingKey { case number, deed, path }

  init(_ number: Int, _ deed: Deed = .answer, in file: TemporaryFile) {
    (self.number, self.deed, path) = (number, deed, file.path)
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    number = try values.decode(Int.self, forKey: .number)
    deed = try values.decode(Deed.self, forKey: .deed)
    path = try values.decode(String.self, forKey: .path)
    if deed == .dieDecoding { kill(getpid(), SIGKILL) }
    if deed == .throwDecoding { throw CodableFailure(reason: "not read", places: []) }
  }
}

/// Number 12 waits for number 39.
private struct WaitingInput: ProcessTask {
  var number: Int
  var gate: Event

  func run() async throws -> Int {
    if number == 12 { try await gate.wait() }
    if number == 39 { gate.set() }
    return number
  }
}

/// Inputs of a stream that travel together are answered, lost and cancelled one by one.
@Suite(.isolated) struct SeriesTests {
  private func outcomes(
    _ inputs: [SeriesInput], _ pool: ProcessPool, chunkSize: Int = 50, order: ResultOrder = .input
  ) async -> [Result<[UInt8], any Error>] {
    var outcomes: [Result<[UInt8], any Error>] = []
    let options = MapOptions(chunkSize: chunkSize, maxPending: 1000)
    for await outcome in pool.stream(all: inputs, order: order, options: options).results { outcomes.append(outcome) }
    return outcomes
  }

  @Test(arguments: [SeriesInput.Deed.die, .exit, .throwError, .large, .dieDecoding, .throwDecoding])
  func `what one input does is its own`(deed: SeriesInput.Deed) async throws {
    let file = TemporaryFile()
    try await withWorkers(2, .forkServer, configured { $0.restartLimit = .init(count: 100) }) { pool in
      let inputs = (0..<200).map { SeriesInput($0, $0 % 23 == 7 ? deed : .answer, in: file) }
      for (number, outcome) in await outcomes(inputs, pool).enumerated() {
        switch (number % 23 == 7, deed) {
        case (false, _): #expect((try? outcome.get()) == Array("\(number)".utf8))
        case (true, .large): #expect((try? outcome.get())?.count == 100_000)
        case (true, .throwError): #expect(throws: CodableFailure.self) { try outcome.get() }
        case (true, _): #expect(throws: MultiprocessingError.self) { try outcome.get() }
        }
      }
      let statistics = pool.statistics
      #expect(statistics.submitted == 200)
      #expect(statistics.failed == (deed == .large ? 0 : 9))
      #expect(statistics.completed == (deed == .large ? 200 : 191))
    }
    // Nothing ran twice, and nothing was left out but what could not be decoded.
    #expect(file.lines.count == Set(file.lines).count)
    #expect(file.lines.count == ([.dieDecoding, .throwDecoding].contains(deed) ? 191 : 200))
  }

  @Test func `one that hangs holds up no others`() async throws {
    let file = TemporaryFile()
    try await withWorkers(2, .forkServer, configured(hasty)) { pool in
      let inputs = (0..<100).map { SeriesInput($0, $0 == 3 ? .hang : .answer, in: file) }
      var count = 0
      let stream = pool.stream(all: inputs, order: .completion, options: MapOptions(chunkSize: 25, maxPending: 1000))
      for await outcome in stream.results {
        #expect(throws: Never.self) { try outcome.get() }
        count += 1
        if count == 99 { break }
      }
    }
    #expect(Set(file.lines).subtracting(["3"]).count == 99 && Set(file.lines).count == file.lines.count)
  }

  @Test func `workers that are killed at any time cost one input each`() async throws {
    let file = TemporaryFile()
    try await withWorkers(2, .forkServer, configured { $0.restartLimit = .init(count: 1000) }) { pool in
      let killer = Task {
        while !Task.isCancelled {
          try await Task.sleep(for: .milliseconds(Int.random(in: 1...30)))
          if let worker = pool.workers.randomElement() { kill(worker.processID, SIGKILL) }
        }
      }
      let inputs = (0..<3000).map { SeriesInput($0, .brief, in: file) }
      let outcomes = await outcomes(inputs, pool, chunkSize: 40)
      killer.cancel()
      _ = await killer.result
      #expect(outcomes.count == 3000)
      var failed = 0
      for (number, outcome) in outcomes.enumerated() {
        switch outcome {
        case .success(let value): #expect(value == Array("\(number)".utf8))
        case .failure: failed += 1
        }
      }
      #expect(failed <= pool.statistics.crashed)
      #expect(pool.statistics.completed == 3000 - failed)
      print("\(failed) inputs of 3000 failed with \(pool.statistics.crashed) workers")
    }
    #expect(Set(file.lines).count == file.lines.count)
  }

  @Test func `close waits for what was taken, also when it comes back`() async throws {
    let file = TemporaryFile()
    try await withWorkers(2, .forkServer, configured { $0.restartLimit = .init(count: 100) }) { pool in
      let inputs = (0..<60).map { SeriesInput($0, $0 % 10 == 5 ? .die : .answer, in: file) }
      let options = MapOptions(chunkSize: 30, maxPending: 60)
      let work = Task {
        var outcomes: [Result<[UInt8], any Error>] = []
        for await outcome in pool.stream(all: inputs, options: options).results { outcomes.append(outcome) }
        return outcomes
      }
      #expect(await eventually { pool.statistics.submitted == 60 })
      pool.close()
      let outcomes = await work.value
      #expect(outcomes.count { (try? $0.get()) != nil } == 54)
      try await pool.join()
    }
    #expect(file.lines.count == 60)
  }

  @Test func `what waits in a series is cancelled, what runs is not`() async throws {
    let file = TemporaryFile()
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let inputs = (0..<200).map { SeriesInput($0, $0 == 20 ? .sleep : .answer, in: file) }
      let work = Task { await outcomes(inputs, pool, chunkSize: 10) }
      #expect(await eventually { file.lines.count == 21 && pool.statistics.completed == 20 })
      pool.cancelPending()
      #expect(await eventually { pool.statistics.failed >= 9 })
      #expect(file.lines.count == 21)
      kill(try #require(pool.workers.first?.processID), SIGKILL)
      let found = await work.value
      #expect(found.prefix(20).allSatisfy { (try? $0.get()) != nil })
      #expect(throws: MultiprocessingError.self) { try found[20].get() }
      try await expectEqual(pool.run { 5 }, 5)
    }
  }

  @Test(.steps) func `a death at any access to the rings costs the input that ran at most`() async throws {
    try await StepDeath.tryAll("a series") { step in
      var lived = false
      let file = TemporaryFile()
      try await withWorkers(1) { pool in
        let before = try #require(pool.workers.first?.processID)
        let inputs = (0..<12).map { SeriesInput($0, $0 == 1 ? .dieLater(step) : .answer, in: file) }
        let found = await outcomes(inputs, pool, chunkSize: 6)
        #expect(found.count == 12)
        let failed = found.count { (try? $0.get()) == nil }
        for (number, outcome) in found.enumerated() {
          if let value = try? outcome.get() { #expect(value == Array("\(number)".utf8)) }
        }
        #expect(failed <= 1, "killed before step \(step)")
        #expect(pool.statistics.completed == 12 - failed)
        lived = pool.workers.first?.processID == before
      }
      #expect(Set(file.lines).count == file.lines.count && file.lines.count == 12, "killed before step \(step)")
      return lived
    }
  }

  @Test func `cancelling everything reaches what a stream keeps`() async throws {
    let file = TemporaryFile()
    try await withWorkers(1, .forkServer, configured(hasty)) { pool in
      let inputs = (0..<100).map { SeriesInput($0, $0 == 0 ? .sleep : .answer, in: file) }
      let work = Task { await outcomes(inputs, pool, chunkSize: 7) }
      #expect(await eventually { pool.statistics.submitted == 100 && file.lines.count == 1 })
      pool.cancelAll()
      for outcome in await work.value { #expect(throws: CancellationError.self) { try outcome.get() } }
      #expect(pool.statistics.failed == 100)
      try await expectEqual(pool.run { 5 }, 5)
      #expect(file.lines == ["0"])
    }
  }

  /// The series that holds the slow one goes from hand to hand until nothing is behind it.
  @Test func `an input may wait for those behind it while workers have nothing to do`() async throws {
    for _ in 0..<5 {
      let gate = try Event()
      try await withWorkers(2, .forkServer, configured(hasty)) { pool in
        let inputs = (0..<40).map { WaitingInput(number: $0, gate: gate) }
        let options = MapOptions(chunkSize: 10, maxPending: 1000)
        var sum = 0
        for try await number in pool.stream(all: inputs, options: options) { sum += number }
        #expect(sum == 40 * 39 / 2)
      }
    }
  }

  @Test func `a stream that is read to its end costs no worker`() async throws {
    try await withWorkers(2) { pool in
      for _ in 0..<50 { for try await _ in pool.stream(1...20, { $0 + 1 }) {} }
      #expect(pool.insights.workers.count == 2)
    }
  }

  @Test func `a stream that ends stops its series`() async throws {
    let file = TemporaryFile()
    try await withWorkers(2, .forkServer, configured(hasty)) { pool in
      let inputs = (0..<1000).map { SeriesInput($0, $0 == 50 ? .sleep : .answer, in: file) }
      for try await _ in pool.stream(all: inputs, options: .chunkSize(100)) { break }
      try await expectEqual(pool.run { 5 }, 5)
      #expect(await eventually { pool.itemsInHand.isEmpty })
      let count = file.lines.count
      try await Task.sleep(for: .milliseconds(100))
      #expect(file.lines.count == count)
      pool.close()
      try await pool.join()
    }
  }
}
