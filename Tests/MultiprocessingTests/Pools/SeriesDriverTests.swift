import Testing

@testable import Multiprocessing

/// What the driver makes of what workers say about series, in orders that are rare with real ones.
@Suite struct SeriesDriverTests {
  private let backend = ScriptedBackend()
  private let driver: PoolDriver

  init() {
    driver = PoolDriver(PoolMachine.Configuration(workers: 2), backend: backend)
    driver.handle(.open)
    for worker in 1...2 { driver.take(.ready(worker)) }
  }

  /// Submits a series of three inputs.
  private func submit(era: SeriesEra? = nil, key: String? = nil) throws -> (item: UInt64, ear: SeriesEar) {
    let ear = SeriesEar(era: era ?? driver.seriesEra)
    let job = PoolJob(reference: TaskReference(.type("none")), envelope: nil, describe: nil, count: 3, local: { 0 })
    var traits = PoolMachine.Traits()
    (traits.window, traits.isChunk, traits.affinityKey) = (2, true, key)
    return (try driver.submit(job, traits, ear) { _ in }, ear)
  }

  /// Without what the watch asks for when a test takes longer than a few milliseconds.
  private var sends: [ScriptedBackend.Order] {
    backend.orders.filter { if case .send = $0 { true } else { false } }
  }

  private func tell(_ count: Int, of item: UInt64, from index: Int = 0, _ worker: Int) {
    driver.take(.parts(worker, item, from: index, Array(repeating: .local(0), count: count)))
  }

  private func answer(_ item: UInt64, _ worker: Int) { driver.take(.finished(worker, item, .local(0), after: 1)) }

  @Test func `a worker may begin the next series before it is heard to give back the one between`() throws {
    let series = try (0..<4).map { _ in try submit() }
    // One each, and one each ahead.
    #expect(sends == [.send(1, 1), .send(2, 2), .send(3, 1), .send(4, 2)])
    for item in [series[1].item, series[3].item] {
      tell(3, of: item, 2)
      answer(item, 2)
    }
    #expect(backend.orders.contains(.recall(3, 1)))
    tell(3, of: 1, 1)
    answer(1, 1)
    // Dropped in the worker, by its other thread, and not yet told.
    let (next, ear) = try submit()
    let last = try submit()
    #expect(sends.suffix(2) == [.send(next, 2), .send(last.item, 1)])
    tell(3, of: last.item, 1)
    answer(last.item, 1)
    #expect(last.ear.heard == [.parts(from: 0, count: 3), .end(failed: 3..<3, rest: 3..<3)])
    driver.take(.returned(1, 3))
    #expect(sends.last == .send(3, 1))
    #expect(ear.heard.isEmpty)
  }

  @Test func `what comes back around a cancellation of everything is cancelled`() throws {
    let (item, ear) = try submit()
    tell(1, of: item, 1)
    answer(item, 1)
    #expect(ear.heard.last == .end(failed: 1..<1, rest: 1..<3))
    driver.cancelAll()
    #expect(throws: CancellationError.self) { try submit(era: 0) }
    #expect(throws: Never.self) { try submit() }
  }

  @Test func `only who has an item in hand can give it back`() throws {
    let (item, ear) = try submit()
    driver.cancelPending()
    #expect(backend.orders.last == .recall(item, 1))
    driver.take(.returned(2, item))
    driver.take(.rest(2, item, from: 0))
    #expect(ear.heard.isEmpty)
    driver.take(.rest(1, item, from: 1))
    #expect(ear.heard == [.rest(1..<3)])
  }

  @Test func `a worker that ends and leaves no word of what it ran has run what it told of`() throws {
    let (item, ear) = try submit()
    tell(1, of: item, 1)
    driver.take(.lost(1, WorkerLoss(running: nil, exit: nil)))
    #expect(ear.heard == [.parts(from: 0, count: 1), .end(failed: 1..<3, rest: 3..<3)])
    #expect(driver.statistics.failed == 2 && driver.statistics.completed == 1)
  }

  @Test(arguments: [true, false])
  func `what was to be cancelled when it comes back begins nowhere else`(comesBack: Bool) throws {
    let (item, ear) = try submit()
    driver.cancelPending()
    driver.take(comesBack ? .returned(1, item) : .lost(1, WorkerLoss(running: nil, exit: nil)))
    #expect(ear.heard == [.end(failed: 0..<3, rest: 3..<3)])
    #expect(!backend.orders.contains(.send(item, 2)))
    let (next, _) = try submit()
    #expect(sends.last == .send(next, comesBack ? 1 : 2))
  }

  @Test func `a worker is asked once for what it has`() throws {
    let (item, _) = try submit()
    driver.cancelPending()
    driver.cancelPending()
    #expect(backend.orders == [.send(item, 1), .recall(item, 1)])
  }

  @Test func `the last of a series is not to begin elsewhere either`() throws {
    let (item, ear) = try submit()
    tell(2, of: item, 1)
    driver.cancelPending()
    #expect(backend.orders.last == .recall(item, 1))
    driver.take(.rest(1, item, from: 2))
    #expect(ear.heard == [.parts(from: 0, count: 2), .rest(2..<3)])
    #expect(driver.statistics.failed == 1)
  }

  @Test(arguments: [UInt64(77), 2])
  func `a worker that ends and names what it did not have has run what it told of`(named: UInt64) throws {
    let (item, ear) = try submit()
    let other = try submit()
    tell(1, of: item, 1)
    driver.take(.lost(1, WorkerLoss(running: named, exit: nil)))
    #expect(ear.heard == [.parts(from: 0, count: 1), .end(failed: 1..<3, rest: 3..<3)])
    tell(3, of: other.item, 2)
    answer(other.item, 2)
    #expect(other.ear.heard == [.parts(from: 0, count: 3), .end(failed: 3..<3, rest: 3..<3)])
  }

  @Test func `results beyond the end are dropped`() throws {
    let (item, ear) = try submit()
    tell(2, of: item, from: 1, 1)
    tell(3, of: item, 2)
    #expect(ear.heard.isEmpty)
    tell(5, of: item, 1)
    #expect(ear.heard == [.parts(from: 0, count: 3)])
    #expect(driver.statistics.completed == 3)
  }

  @Test func `what waits for another worker does not hide that one has nothing to do`() async throws {
    let first = try submit(key: "mine")
    let second = try submit()
    #expect(sends == [.send(first.item, 1), .send(second.item, 2)])
    let ahead = try (0..<3).map { _ in try submit(key: "mine") }
    let other = try submit()
    #expect(sends.suffix(2) == [.send(ahead[0].item, 1), .send(other.item, 2)])
    // Worker 1 takes one of its own, the others wait for it alone.
    answer(first.item, 1)
    let third = try submit()
    #expect(sends.last == .send(ahead[1].item, 1))
    for item in [second.item, other.item, third.item] { answer(item, 2) }
    tell(1, of: ahead[0].item, 1)
    driver.watchSeries()
    #expect(await eventually { backend.orders.last == .recall(ahead[0].item, 1) })
  }
}
