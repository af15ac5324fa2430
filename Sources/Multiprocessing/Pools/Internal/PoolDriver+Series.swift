internal import MultiprocessingSystem
internal import Synchronization

/// Who submitted a series (`Series`), and hears of its inputs one by one.
protocol SeriesReceiver: AnyObject, Sendable {
  /// What the input at an index came to; in order, each once.
  func part(_ index: Int, _ result: Result<JobResult, any Error>)
  /// These have not begun and will not: they were asked for, or are cancelled.
  func rest(_ range: Range<Int>, isCancelled: Bool)
  /// What waits with the receiver is cancelled.
  func cancelWaiting()
  /// There are workers with nothing to do.
  func sendWaiting()
  /// Nothing more comes, and of these inputs nothing has come. What of them has not begun is to come again, unless that
  /// is cancelled.
  func end(_ rest: Range<Int>, _ ending: SeriesEnding, isCancelled: Bool)
}

enum SeriesEnding: Sendable {
  /// The worker has run all that it began; that may be nothing when it `wasRecalled`.
  case answered(JobResult, wasRecalled: Bool)
  /// The worker could not run it.
  case refused(any Error)
  /// With its worker, when so many inputs had begun; nil: any may have.
  case lost(any Error, begun: Int?)
  /// Cancelled, or the pool is over.
  case failed(any Error)
}

/// Which series seem to hold up inputs behind one that takes long, while there are workers with nothing to do.
struct SeriesWatch: Sendable {
  /// What each worker ran when the watch began; nil: nobody watches.
  var watched: [PoolMachine.WorkerID: PoolMachine.ItemID]?
  /// How many series there are: without any, nothing is looked for.
  var count = 0

  /// Longer than this an input takes long.
  static let patience = Duration.nanoseconds(ChunkAnswer.patience)
}

extension PoolDriver {
  func takePart(_ index: Int, of item: ItemID, from worker: WorkerID, _ result: JobResult) {
    let entry = state.withLock { state -> Entry? in
      guard let entry = state.entries[item], entry.series != nil, entry.rest.first == index,
        state.machine.workers[worker]?.inHand.first == item
      else { return nil }
      entry.rest = entry.rest.dropFirst()
      state.machine.noteProgress()
      if case .thrown = result { state.statistics.failed += 1 } else { state.statistics.completed += 1 }
      return entry
    }
    guard let series = entry?.series else { return }
    if case .thrown(let error) = result {
      series.part(index, .failure(error))
    } else {
      series.part(index, .success(result))
    }
  }

  func takeRest(of item: ItemID, from index: Int, _ worker: WorkerID) {
    typealias Rest = (series: any SeriesReceiver, range: Range<Int>, isCancelled: Bool)
    let found = state.withLock { state -> Rest? in
      guard let entry = state.entries[item], let series = entry.series, entry.isRecalled,
        index >= entry.rest.lowerBound, index <= entry.rest.upperBound,
        state.machine.workers[worker]?.inHand.first == item
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
    let (isWhole, isCancelled) = state.withLock { state in
      (state.entries[item]?.rest.lowerBound ?? 0 == 0, state.entries[item]?.isRestCancelled ?? false)
    }
    if isCancelled { handle(.cancel(item)) }
    if isWhole { return handle(.returned(item, worker)) }
    handle(.distrust(worker))
    backend.kill(worker)
  }

  /// Cancels what has not begun, inputs of series that run too.
  func cancelPending() {
    cancelWaiting()
    var recalled: [WorkerID: ItemID] = [:]
    handle(.cancelPending) { state in
      recalled = state.runningSeries(asked: true)
      for item in recalled.values { state.entries[item]?.isRestCancelled = true }
    }
    recall(recalled)
  }

  /// Cancels everything.
  func cancelAll() {
    cancelWaiting()
    handle(.cancelAll)
  }

  /// First: else what streams keep would be sent in the place of what is cancelled.
  private func cancelWaiting() {
    for receiver in state.withLock({ $0.receivers }) { receiver.cancelWaiting() }
  }

  /// Takes on a task that is kept for a while before it is submitted.
  ///
  /// - Parameter beginsWork: as `beginWork`.
  /// - Throws: `closed`, or the reason for which the pool broke.
  func takeOn(beginsWork: Bool) throws {
    try state.withLock { state in
      if state.machine.phase != .open { throw state.reason ?? Self.closed }
      if beginsWork { state.machine.works += 1 }
      state.statistics.submitted += 1
    }
  }

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
    let (recalled, receivers) = state.withLock { state -> ([WorkerID: ItemID], [any SeriesReceiver]) in
      let watched = state.seriesWatch.watched ?? [:]
      state.seriesWatch.watched = nil
      guard state.hasIdleWorker else { return ([:], []) }
      return (state.runningSeries().filter { watched[$0.key] == $0.value }, state.receivers)
    }
    recall(recalled)
    for receiver in receivers { receiver.sendWaiting() }
    watchSeries(again: true)
  }

  /// In the order of the other actions: a worker is not asked for what it was not sent yet.
  private func recall(_ items: [WorkerID: ItemID]) {
    if !items.isEmpty { add(items.map { .recall($0.key, $0.value) }) }
  }
}

extension PoolDriver.State {
  fileprivate var hasIdleWorker: Bool {
    machine.isWithoutPending && machine.workers.contains { $0.value.isIdle }
  }

  fileprivate var receivers: [any SeriesReceiver] {
    seriesWatch.count == 0 ? [] : entries.compactMap { $0.value.series }
  }

  /// What workers run of series that may have more behind it; without what was `asked` for that already.
  fileprivate func runningSeries(asked: Bool = false) -> [PoolMachine.WorkerID: PoolMachine.ItemID] {
    var running: [PoolMachine.WorkerID: PoolMachine.ItemID] = [:]
    for (id, worker) in machine.workers {
      guard let item = worker.inHand.first, let entry = entries[item] else { continue }
      if entry.series != nil, asked || !entry.isRecalled, entry.rest.count > 1 { running[id] = item }
    }
    return running
  }

  /// What was told is counted; what was begun and not told, or will not be done, has failed; the rest comes again.
  mutating func endSeries(_ entry: PoolDriver.Entry, _ ending: PoolMachine.Ending) {
    seriesWatch.count -= 1
    let (told, isAlone, first) = (entry.rest.lowerBound, entry.job.count == 1, min(1, entry.rest.count))
    let result: Result<JobResult, any Error>
    if let answer = entry.answer, !answer.isThrown {
      result = .success(answer)
    } else {
      result = .failure(CancellationError())
    }
    switch entry.seriesEnding(ending, result) {
    case .answered(_, let wasRecalled) where !entry.isRestCancelled:
      if told == 0, !wasRecalled { statistics.failed += entry.rest.count }
    case .refused where !entry.isRestCancelled: if told > 0 || isAlone { statistics.failed += first }
    case .lost(_, let begun?) where !entry.isRestCancelled:
      if begun > told || isAlone { statistics.failed += first }
    case .answered, .refused, .lost, .failed: statistics.failed += entry.rest.count
    }
  }
}

extension PoolDriver.Entry {
  func seriesEnding(_ ending: PoolMachine.Ending, _ result: Result<JobResult, any Error>) -> SeriesEnding {
    switch (ending, result) {
    case (.answered, .success(let answer)): .answered(answer, wasRecalled: isRecalled)
    case (.answered, .failure(let error)): .refused(error)
    case (.lost, .failure(let error)):
      .lost(error, begun: loss?.complaint == nil ? loss?.page.map { Int(clamping: $0.part) } : nil)
    case (_, .failure(let error)), (_, .success(.thrown(let error))): .failed(error)
    case (_, .success): .failed(CancellationError())
    }
  }
}
