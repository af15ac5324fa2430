internal import MultiprocessingSystem
internal import Synchronization

/// Performs what the machine decides.
///
/// Every event goes through `handle`: the machine steps under the lock, and its actions go to a queue that one thread at
/// a time performs, in order and outside the lock. So no system call and no waiter's code runs under the lock, and a
/// `send` never overtakes a `kill`. The driver keeps itself alive while workers exist: their events refer to it.
final class PoolDriver: Sendable {
  typealias ItemID = PoolMachine.ItemID
  typealias WorkerID = PoolMachine.WorkerID

  /// Called once, with what became of an item.
  typealias Finish = @Sendable (Result<JobResult, any Error>) -> Void

  // SAFETY: what changes is read and written under the driver's lock, and by whoever took the entry out of the table.
  /// A task on its way.
  final class Entry: @unchecked Sendable {
    let job: PoolJob
    let finish: Finish
    var timer: Reactor.Token?
    /// What the worker said, until the machine finishes the item.
    var answer: JobResult?
    /// How the worker that ran it ended.
    var loss: ProcessExit?
    /// What hears of each input of a series.
    let series: (any SeriesReceiver)?
    /// Of a series: the inputs whose results have not come and that were not given back.
    var rest: Range<Int>
    /// It was asked for what it has not begun.
    var isRecalled = false
    /// And that is not to come again.
    var isRestCancelled = false

    init(job: PoolJob, series: (any SeriesReceiver)?, finish: @escaping Finish) {
      (self.job, self.series, self.finish) = (job, series, finish)
      rest = 0..<job.count
    }
  }

  struct Settings: Sendable {
    var gracePeriod = Duration.seconds(1)
    var idleTimeout: Duration?
    var maxWorkerMemory: Int?
    var forwardsLogs = false
  }

  struct State: Sendable {
    var machine: PoolMachine
    var entries = NumberedTable<ItemID, Entry>()
    var actions: [PoolMachine.Action] = []
    var isPerforming = false
    var isOpening = true
    /// Why a worker could not be started while the pool was made.
    var openingError: (any Error)?
    /// Why the last worker could not be started, as long as none has been since.
    var startError: (any Error)?
    var nextItem: ItemID = 1
    var nextPace: Pace.ID = 1
    /// Why the pool broke.
    var reason: (any Error)?
    /// Run in every worker before its first task, in order: initializer and broadcasts.
    var preparations: [PoolJob] = []
    /// How many of them a worker that is not ready yet has done.
    var prepared: [WorkerID: Int] = [:]
    /// How many of them a worker runs that was starting when another was added: that one it gets as an item, for the
    /// caller to wait for.
    var preparationsBefore: [WorkerID: Int] = [:]
    /// Workers that have done all their preparations.
    var joined: Set<WorkerID> = []
    /// Workers that were told to go before that: they have their preparations first, then what they run at their end.
    var leaving: Set<WorkerID> = []
    /// The end of the last worker that was lost.
    var lastExit: ProcessExit?
    /// The timers of grace periods, by worker.
    var graces: [WorkerID: Reactor.Token] = [:]
    /// Nil: workers stay however idle.
    var idleWatch: IdleWatch?
    var statistics = PoolStatistics()
    var insights = InsightsRecorder()
    var finisher: Int?
    /// Run in a worker after its last task.
    var exitJobs: [(job: PoolJob, take: @Sendable (JobResult) -> Void)] = []
    var restartObservers: [Int: @Sendable () -> Void] = [:]
    var seriesWatch = SeriesWatch()
    /// What maps have learned of their tasks, of some hundreds at most.
    var experience: [TaskReference: ChunkSizer.Experience] = [:]
  }

  let state: Mutex<State>
  private let maker = ForkStamp()
  let backend: any WorkerBackend
  let settings: Settings
  let logs = LogRelay()
  /// Set when the pool is closed, its last worker is gone and what it logged has been handed on.
  let ended = Completion<Void>()

  init(
    _ configuration: PoolMachine.Configuration, backend: any WorkerBackend, settings: Settings = Settings(),
    initializer: PoolJob? = nil
  ) {
    var state = State(machine: PoolMachine(configuration))
    if let initializer { state.preparations = [initializer] }
    state.idleWatch = settings.idleTimeout.map { IdleWatch(timeout: $0) }
    self.state = Mutex(state)
    self.backend = backend
    self.settings = settings
  }

  /// Starts the workers; when one cannot be started, ends the others and throws.
  func open() throws {
    handle(.open)
    // An initializer that has failed by now is not told here: whether it had would be chance.
    let error = state.withLock { state in
      state.isOpening = false
      return state.openingError
    }
    if let error {
      terminate()
      throw error
    }
    let key = ExitSequence.current.addFinisher { [weak self] in
      self?.handle(.close) { $0.machine.leavesWorks = true }
      _ = self?.ended.waitBlocking()
    }
    state.withLock { $0.finisher = key }
  }

  /// Takes a task on.
  ///
  /// - Throws: `closed`, or the reason for which the pool broke; CancellationError for a series that was cancelled meanwhile.
  func submit(
    _ job: PoolJob, _ traits: PoolMachine.Traits, _ series: (any SeriesReceiver)? = nil, finish: @escaping Finish
  ) throws -> ItemID {
    if isInherited { throw Self.inherited }
    let entry = Entry(job: job, series: series, finish: finish)
    let (item, actions) = try state.withLock { state in
      if !state.machine.accepts(traits) { throw state.reason ?? Self.closed }
      if let series, series.isOver || series.era != state.seriesWatch.era { throw CancellationError() }
      let item = state.nextItem
      state.nextItem += 1
      state.entries[item] = entry
      if series != nil { state.seriesWatch.count += 1 }
      if !job.isRest { state.statistics.submitted += job.count }
      return (item, state.take(.submit(item, traits)))
    }
    perform(actions)
    if series != nil { watchSeries() }
    return item
  }

  /// A map begins: until `endWork` the pool goes on, also when it is closed meanwhile.
  ///
  /// - Throws: `closed`, or the reason for which the pool broke.
  func beginWork() throws {
    if isInherited { throw Self.inherited }
    try state.withLock { state in
      if state.machine.phase != .open { throw state.reason ?? Self.closed }
      state.machine.works += 1
    }
  }

  func endWork() { handle(.endWork) }

  /// What an earlier map has learned of a task.
  func experience(of task: TaskReference) -> ChunkSizer.Experience? { state.withLock { $0.experience[task] } }

  func note(_ experience: ChunkSizer.Experience, of task: TaskReference) {
    state.withLock { state in
      // A program has as many as it has closures; one that makes types for ever begins anew.
      if state.experience.count >= 256, state.experience[task] == nil { state.experience = [:] }
      state.experience[task] = experience
    }
  }

  /// A number for the pace of one map or stream.
  func takePace() -> Pace.ID {
    state.withLock { state in
      defer { state.nextPace += 1 }
      return state.nextPace
    }
  }

  /// Why nothing can be submitted any more.
  var closingReason: any Error { isInherited ? Self.inherited : state.withLock { $0.reason } ?? Self.closed }

  /// This process is a forked copy of the pool's: it shares the workers' memory, and must not touch what is in it; it has
  /// none of the threads that would answer, and may have a lock that one of them held.
  var isInherited: Bool { maker.isInherited }

  static var inherited: MultiprocessingError {
    MultiprocessingError(
      .unsupported,
      "the pool belongs to the process of which this one is a forked copy: make another pool here, or use it there")
  }

  static var closed: MultiprocessingError {
    MultiprocessingError(.closed, "the pool is closed: submit before close(), or make another pool")
  }

  /// The reason of a pool that broke without another.
  fileprivate static func crashLoop(
    above limit: Int, _ startError: (any Error)?, _ exit: ProcessExit?
  ) -> MultiprocessingError {
    let ending = startError == nil ? exit?.error(task: nil) : nil
    let last =
      startError.map { "; the last could not be started: \($0)" } ?? ending.map { "; of the last: \($0.message)" } ?? ""
    return MultiprocessingError(
      .crashLoop,
      """
      more than \(limit) workers ended one after another and no task was completed in between: the pool is closed; \
      look at what workers do when they start, and at RestartLimit\(last)
      """, cause: startError ?? ending)
  }

  /// Takes an event. `record` notes under the same lock what comes with it.
  func handle(_ event: PoolMachine.Event, record: (inout State) -> Void = { _ in }) {
    if isInherited { return }
    perform(
      state.withLock { state in
        record(&state)
        return state.take(event)
      })
  }

  /// Performs actions behind those that are under way.
  func add(_ actions: [PoolMachine.Action]) {
    if isInherited { return }
    perform(state.withLock { $0.take(actions) })
  }

  /// Performs actions, and what others add meanwhile.
  private func perform(_ actions: [PoolMachine.Action]) {
    var actions = actions
    while !actions.isEmpty {
      for action in actions { perform(action) }
      actions = state.withLock { $0.takeActions() }
    }
  }
}

extension PoolDriver.State {
  /// Steps the machine. Returns what the caller is to perform: nothing while another thread performs.
  fileprivate mutating func take(_ event: PoolMachine.Event) -> [PoolMachine.Action] {
    let new = machine.handle(event)
    // At once: who hears of a last loss may ask before the actions are performed.
    if machine.phase == .broken, reason == nil {
      reason = PoolDriver.crashLoop(above: machine.configuration.restartLimit, startError, lastExit)
    }
    return take(new)
  }

  fileprivate mutating func take(_ new: [PoolMachine.Action]) -> [PoolMachine.Action] {
    if isPerforming {
      actions += new
      return []
    }
    isPerforming = !new.isEmpty
    return new
  }

  fileprivate mutating func takeActions() -> [PoolMachine.Action] {
    defer { actions = [] }
    isPerforming = !actions.isEmpty
    return actions
  }
}
