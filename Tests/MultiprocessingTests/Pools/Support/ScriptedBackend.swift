import Synchronization

@testable import Multiprocessing

/// Workers that do nothing by themselves: a test says what they say.
final class ScriptedBackend: WorkerBackend {
  enum Order: Equatable {
    case send(PoolMachine.ItemID, PoolMachine.WorkerID)
    case stop(PoolMachine.ItemID, PoolMachine.WorkerID)
    case recall(PoolMachine.ItemID, PoolMachine.WorkerID)
    case kill(PoolMachine.WorkerID)
  }

  private let log = Mutex<[Order]>([])

  /// What the workers were told.
  var orders: [Order] { log.withLock { $0 } }

  var capabilities: WorkerCapabilities { WorkerCapabilities(format: nil, canKill: true) }

  func start(_ worker: PoolMachine.WorkerID, sink: @escaping WorkerSink) throws {}
  func send(_ job: PoolJob, as item: PoolMachine.ItemID, to worker: PoolMachine.WorkerID) { note(.send(item, worker)) }
  func stop(_ item: PoolMachine.ItemID, in worker: PoolMachine.WorkerID) { note(.stop(item, worker)) }
  func recall(_ item: PoolMachine.ItemID, from worker: PoolMachine.WorkerID) { note(.recall(item, worker)) }
  func kill(_ worker: PoolMachine.WorkerID) { note(.kill(worker)) }
  func retire(_ worker: PoolMachine.WorkerID) {}
  func terminate(_ worker: PoolMachine.WorkerID) {}
  func processID(of worker: PoolMachine.WorkerID) -> ProcessID? { nil }
  func facts(of worker: PoolMachine.WorkerID) -> WorkerFacts? { nil }

  private func note(_ order: Order) { log.withLock { $0.append(order) } }
}

/// Hears of a series.
final class SeriesEar: SeriesReceiver {
  enum Word: Equatable {
    case parts(from: Int, count: Int)
    case rest(Range<Int>)
    case end(failed: Range<Int>, rest: Range<Int>)
  }

  let era: SeriesEra
  private let words = Mutex<[Word]>([])

  init(era: SeriesEra) { self.era = era }

  var stream: ObjectIdentifier { ObjectIdentifier(self) }
  var isOver: Bool { false }
  var heard: [Word] { words.withLock { $0 } }

  func parts(from index: Int, _ results: [Result<JobResult, any Error>]) {
    hear(.parts(from: index, count: results.count))
  }
  func rest(_ range: Range<Int>, isCancelled: Bool) { hear(.rest(range)) }
  func end(_ end: SeriesEnd, _ error: (any Error)?) { hear(.end(failed: end.failed, rest: end.rest)) }

  private func hear(_ word: Word) { words.withLock { $0.append(word) } }
}
