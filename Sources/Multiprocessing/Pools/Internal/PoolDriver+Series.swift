internal import MultiprocessingSystem
internal import Synchronization

/// Who submitted a series (`Series`), and hears of its inputs one by one.
protocol SeriesReceiver: AnyObject, Sendable {
  /// The stream that it is a part of.
  var stream: ObjectIdentifier { get }
  /// Nobody waits for it any more.
  var isOver: Bool { get }
  var era: SeriesEra { get }
  /// What the inputs from an index on came to; in order, each once.
  func parts(from index: Int, _ results: [Result<JobResult, any Error>])
  /// These have not begun and will not: they were asked for, or are cancelled.
  func rest(_ range: Range<Int>, isCancelled: Bool)
  /// Nothing more comes.
  ///
  /// - Parameter error: that of the inputs that failed; nil: the worker told nothing of them.
  func end(_ end: SeriesEnd, _ error: (any Error)?)
}

/// Where inputs wait to be submitted as a series.
protocol SeriesKeeper: AnyObject, Sendable {
  /// What is kept is cancelled.
  func cancelWaiting()
  /// There are workers with nothing to do.
  func sendWaiting()
}

/// How often what waits was cancelled before an input was sent for the first time. What comes back keeps its era: sent again
/// in another, it is cancelled.
typealias SeriesEra = Int

/// What becomes of the inputs of a series that were not told when it is over.
struct SeriesEnd: Sendable {
  /// Began and was not told, or will not be done.
  var failed: Range<Int>
  /// Has not begun.
  var rest: Range<Int>
  /// The rest does not come again.
  var isRestCancelled: Bool
  /// The worker did not get as far as to tell which of them is to blame: each is to come alone.
  var isSingle = false
  /// How many were told, and what the worker said last.
  var told: Int
  var answer: JobResult?

  var failedCount: Int { failed.count + (isRestCancelled ? rest.count : 0) }
}

/// Which series seem to hold up inputs behind one that takes long, while there are workers with nothing to do.
struct SeriesWatch: Sendable {
  /// What each worker ran when the watch began; nil: nobody watches.
  var watched: [PoolMachine.WorkerID: PoolMachine.ItemID]?
  /// How many series there are: without any, nothing is looked for.
  var count = 0
  var era: SeriesEra = 0
  /// Of streams that have inputs here, or keep some.
  private var held: [ObjectIdentifier: (keeper: any SeriesKeeper, holds: Int)] = [:]

  /// Longer than this an input takes long.
  static let patience = Duration.nanoseconds(ChunkAnswer.patience)

  var keepers: [any SeriesKeeper] { held.values.map(\.keeper) }

  mutating func hold(_ keeper: any SeriesKeeper) {
    held[ObjectIdentifier(keeper), default: (keeper, 0)].holds += 1
  }

  /// Once for each time that it was held: it may be held anew before it is let go.
  mutating func letGo(_ keeper: any SeriesKeeper) {
    guard let entry = held[ObjectIdentifier(keeper)] else { return }
    held[ObjectIdentifier(keeper)] = entry.holds > 1 ? (keeper, entry.holds - 1) : nil
  }
}

extension PoolDriver {
  func takeParts(from index: Int, of item: ItemID, from worker: WorkerID, _ answers: [JobResult]) {
    let found = state.withLock { state -> (any SeriesReceiver, ArraySlice<JobResult>)? in
      guard let entry = state.entries[item], let series = entry.series, entry.rest.first == index,
        state.machine.has(item, inHandOf: worker)
      else { return nil }
      let answers = answers.prefix(entry.rest.count)
      entry.rest = entry.rest.dropFirst(answers.count)
      state.machine.noteProgress()
      let failed = answers.count { $0.isThrown }
      state.statistics.failed += failed
      state.statistics.completed += answers.count - failed
      return (series, answers)
    }
    guard let (series, answers) = found else { return }
    series.parts(
      from: index,
      answers.map { answer in
        if case .thrown(let error) = answer { .failure(error) } else { .success(answer) }
      })
  }

  func takeRest(of item: ItemID, from index: Int, _ worker: WorkerID) {
    typealias Rest = (series: any SeriesReceiver, range: Range<Int>, isCancelled: Bool)
    let found = state.withLock { state -> Rest? in
      guard let entry = state.entries[item], let series = entry.series, entry.isRecalled,
        index >= entry.rest.lowerBound, index <= entry.rest.upperBound, state.machine.has(item, inHandOf: worker)
      else { return nil }
      defer { entry.rest = entry.rest.lowerBound..<index }
      let range = index..<entry.rest.upperBound
      if entry.isRestCancelled { state.statistics.failed += range.count }
      return (series, range, entry.isRestCancelled)
    }
    guard let found else { return }
    if !found.range.isEmpty { found.series.rest(found.range, isCancelled: found.isCancelled) }
    handle(.kept(item))
  }

  /// An item that a worker gave back as it was. A series of which results have come was not as it was.
  func takeBack(_ item: ItemID, from worker: WorkerID) {
    let isWhole = state.withLock { state in
      state.machine.has(item, inHandOf: worker) ? !(state.entries[item]?.isBegun ?? false) : nil
    }
    guard let isWhole else { return }
    guard isWhole else {
      handle(.distrust(worker))
      return backend.kill(worker)
    }
    handle(.returned(item, worker))
    watchIdleness(of: worker)
    watchSeries()
  }

  /// Cancels what has not begun, inputs of series that run too.
  func cancelPending() {
    var recalled: [WorkerID: ItemID] = [:]
    cancelKept(and: .cancelPending) { state in
      recalled = state.runningSeries(asked: true)
      for item in recalled.values {
        state.entries[item]?.isRestCancelled = true
        state.machine.cancelWhenReturned(item)
      }
    }
    recall(recalled)
  }

  /// Cancels everything.
  func cancelAll() { cancelKept(and: .cancelAll) }

  /// Cancels everything, and ends the workers.
  func terminate() { cancelKept(and: .terminate) }

  /// What streams keep first: else it would be sent in the place of what is cancelled.
  private func cancelKept(and event: PoolMachine.Event, record: (inout State) -> Void = { _ in }) {
    if isInherited { return }
    for keeper in state.withLock({ $0.seriesWatch.keepers }) { keeper.cancelWaiting() }
    handle(event) { state in
      state.seriesWatch.era += 1
      record(&state)
    }
  }

  /// The series of a stream that is over: none is submitted after that. One that has told everything ends by itself, and
  /// its worker is not to be stopped for it.
  func series(of stream: ObjectIdentifier) -> [ItemID] {
    state.withLock { state in
      state.entries.filter { $0.value.series?.stream == stream && !$0.value.rest.isEmpty }.map(\.key)
    }
  }

  /// Takes on a task that is kept for a while before it is submitted.
  ///
  /// - Parameter keeper: who keeps it, when nothing else of it is kept or under way: until its `endWork` the pool goes on.
  /// - Throws: `closed`, or the reason for which the pool broke.
  func takeOn(beginning keeper: (any SeriesKeeper)?) throws {
    try state.withLock { state in
      if state.machine.phase != .open { throw state.reason ?? Self.closed }
      if let keeper {
        state.machine.works += 1
        state.seriesWatch.hold(keeper)
      }
      state.statistics.submitted += 1
    }
  }

  func endWork(of keeper: any SeriesKeeper) {
    handle(.endWork) { $0.seriesWatch.letGo(keeper) }
  }

  /// What is submitted as of now belongs to this.
  var seriesEra: SeriesEra { state.withLock { $0.seriesWatch.era } }

  /// Counts what was taken on and never submitted.
  func count(failed: Int) { state.withLock { $0.statistics.failed += failed } }

  /// Begins to watch when workers have nothing to do while others have series; `again` when one of these may give back.
  func watchSeries(again: Bool = false) {
    let mustWatch = state.withLock { state in
      guard state.seriesWatch.count > 0, state.seriesWatch.watched == nil, state.hasIdleWorker else { return false }
      let running = state.runningSeries()
      if again, running.isEmpty { return false }
      state.seriesWatch.watched = running
      return true
    }
    guard mustWatch else { return }
    let token = after(SeriesWatch.patience) { $0.recallSeries() }
    if token == nil { state.withLock { $0.seriesWatch.watched = nil } }
  }

  /// Asks for what is behind the inputs that still run, and for what streams keep.
  private func recallSeries() {
    let (recalled, keepers) = state.withLock { state -> ([WorkerID: ItemID], [any SeriesKeeper]) in
      let watched = state.seriesWatch.watched ?? [:]
      state.seriesWatch.watched = nil
      guard state.hasIdleWorker else { return ([:], []) }
      return (state.runningSeries().filter { watched[$0.key] == $0.value }, state.seriesWatch.keepers)
    }
    recall(recalled)
    for keeper in keepers { keeper.sendWaiting() }
    watchSeries(again: true)
  }

  /// In the order of the other actions: a worker is not asked for what it was not sent yet.
  private func recall(_ items: [WorkerID: ItemID]) {
    if !items.isEmpty { add(items.map { .recall($0.key, $0.value) }) }
  }
}

extension PoolDriver.State {
  /// What still waits then is meant for other workers.
  fileprivate var hasIdleWorker: Bool { machine.workers.contains { $0.value.isIdle } }

  /// What workers run of series that may have more behind it; with `asked`, what was asked for that already too, and what
  /// may not have begun its last.
  fileprivate func runningSeries(asked: Bool = false) -> [PoolMachine.WorkerID: PoolMachine.ItemID] {
    var running: [PoolMachine.WorkerID: PoolMachine.ItemID] = [:]
    for (id, worker) in machine.workers {
      guard let item = worker.inHand.first, let entry = entries[item] else { continue }
      if entry.series != nil, asked || !entry.isRecalled, entry.rest.count > (asked ? 0 : 1) { running[id] = item }
    }
    return running
  }

  /// What a worker ran that is gone: what it said last, or a series of which it has told.
  func item(runBy worker: PoolMachine.WorkerID, _ loss: WorkerLoss) -> PoolMachine.ItemID? {
    if let running = loss.running, machine.has(running, inHandOf: worker) { return running }
    return machine.workers[worker]?.inHand.first { entries[$0]?.isBegun ?? false }
  }

  /// What was told is counted already.
  mutating func endSeries(_ entry: PoolDriver.Entry, _ ending: PoolMachine.Ending) -> SeriesEnd {
    let end = entry.seriesEnd(ending)
    seriesWatch.count -= 1
    statistics.failed += end.failedCount
    return end
  }
}

extension PoolDriver.Entry {
  /// Results of it have come, or a part of it came back.
  fileprivate var isBegun: Bool { rest.count < job.count }

  fileprivate func seriesEnd(_ ending: PoolMachine.Ending) -> SeriesEnd {
    let told = rest.lowerBound
    var end = SeriesEnd(
      failed: told..<told, rest: rest, isRestCancelled: isRestCancelled, told: told, answer: answer)
    func fail(_ count: Int) { (end.failed, end.rest) = (rest.prefix(count), rest.dropFirst(count)) }
    switch (ending, answer) {
    case (.answered, .some(let answer)) where !answer.isThrown:
      // Nothing of it may have begun when it was asked for, and at no other time.
      if told == 0, !isRecalled { fail(rest.count) }
    case (.answered, _):
      if told == 0, job.count > 1 { end.isSingle = true } else { fail(1) }
    case (.lost, _):
      let begun = loss?.complaint == nil ? loss?.page.map { Int(clamping: $0.part) } : nil
      if let begun, begun <= told, job.count > 1 {
        end.isSingle = told == 0
      } else {
        fail(begun == nil ? rest.count : 1)
      }
    default: fail(rest.count)
    }
    return end
  }
}
