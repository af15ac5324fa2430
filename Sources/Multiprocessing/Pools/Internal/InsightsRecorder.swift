internal import MultiprocessingSystem
internal import Synchronization

/// Keeps what `PoolInsights` tells. Pure: times are given, in nanoseconds of one clock.
struct InsightsRecorder: Sendable {
  typealias WorkerID = PoolMachine.WorkerID

  /// A task that took long. Its arguments are described when somebody asks.
  struct Slow: Sendable {
    let job: PoolJob
    let worker: WorkerID
    let nanoseconds: UInt64
  }

  fileprivate struct Life: Sendable {
    let id: WorkerID
    let started: UInt64
    var processID: ProcessID?
    var joined: UInt64?
    var dismissed: UInt64?
    var ended: UInt64?
    var working: UInt64 = 0
    var tasks = 0

    mutating func add(_ count: Int, _ nanoseconds: UInt64) {
      tasks += count
      working += nanoseconds
    }
  }

  private static let endedKept = 100
  static let slowestKept = 5

  private var lives: [WorkerID: Life] = [:]
  private var ended: [Life] = []
  /// Of those that ended before the ones kept.
  private var earlier = PoolInsights.WorkerTimes()
  private var histogram = RunTimeHistogram()
  private var slowest: [Slow] = []

  mutating func start(_ worker: WorkerID, at now: UInt64) { lives[worker] = Life(id: worker, started: now) }

  mutating func join(_ worker: WorkerID, at now: UInt64, processID: ProcessID?) {
    lives[worker]?.joined = now
    lives[worker]?.processID = processID
  }

  mutating func dismiss(_ worker: WorkerID, at now: UInt64) {
    if lives[worker]?.dismissed == nil { lives[worker]?.dismissed = now }
  }

  mutating func end(_ worker: WorkerID, at now: UInt64) {
    guard var life = lives.removeValue(forKey: worker) else { return }
    life.ended = now
    ended.append(life)
    if ended.count > Self.endedKept { earlier.add(ended.removeFirst().times(at: now)) }
  }

  /// `count`: how many tasks took so long together; each is taken to have had its part. Returns what is no longer one of
  /// the slowest.
  @discardableResult
  mutating func record(_ job: PoolJob?, by worker: WorkerID, after total: UInt64, count: Int = 1) -> Slow? {
    // One look into the dictionary: two were half of the cost of 80 ns.
    lives[worker]?.add(count, total)
    let nanoseconds = total / UInt64(max(1, count))
    histogram.record(nanoseconds, times: count)
    guard let job, slowest.count < Self.slowestKept || nanoseconds > slowest[Self.slowestKept - 1].nanoseconds else {
      return nil
    }
    let place = slowest.firstIndex { $0.nanoseconds < nanoseconds } ?? slowest.count
    slowest.insert(Slow(job: job.forDescription, worker: worker, nanoseconds: nanoseconds), at: place)
    return slowest.count > Self.slowestKept ? slowest.removeLast() : nil
  }

  /// What is known by now; and the slow tasks, to be described outside of any lock.
  func insights(at now: UInt64) -> (PoolInsights, [Slow]) {
    let lives = (Array(lives.values) + ended).sorted { $0.id < $1.id }
    var total = earlier
    for life in lives { total.add(life.times(at: now)) }
    let insights = PoolInsights(
      workers: lives.map { $0.times(at: now) }, total: total, runTimes: histogram.runTimes, slowestTasks: [])
    return (insights, slowest)
  }
}

extension InsightsRecorder.Life {
  fileprivate func times(at now: UInt64) -> PoolInsights.WorkerTimes {
    let end = ended ?? now
    let ready = joined ?? end
    let leaving = max(ready, dismissed ?? end)
    let inService = leaving - ready
    return PoolInsights.WorkerTimes(
      id: id, processID: processID, tasks: tasks, startUp: .nanoseconds(ready - min(ready, started)),
      waiting: .nanoseconds(inService - min(inService, working)), working: .nanoseconds(working),
      exit: .nanoseconds(end - min(end, leaving)))
  }
}

extension PoolInsights.WorkerTimes {
  fileprivate mutating func add(_ other: Self) {
    tasks += other.tasks
    startUp += other.startUp
    waiting += other.waiting
    working += other.working
    exit += other.exit
  }
}

extension PoolJob {
  /// Without what runs it and, when they are large or hold descriptors, without its arguments.
  fileprivate var forDescription: PoolJob {
    let isSmall = envelope.map { $0.payload.byteCount <= 1024 && $0.payload.descriptors.isEmpty } ?? false
    return PoolJob(reference: reference, envelope: nil, describe: isSmall ? describe : nil, local: { () })
  }
}

extension InsightsRecorder.Slow {
  /// Runs the user's code that describes the arguments.
  var described: PoolInsights.SlowTask {
    PoolInsights.SlowTask(
      description: [job.reference.symbolicDescription, job.describe?()].compactMap { $0 }.joined(separator: " "),
      worker: worker, runTime: .nanoseconds(nanoseconds))
  }
}

extension PoolDriver {
  var insights: PoolInsights {
    let now = MonotonicClock.nanoseconds
    var (insights, slowest) = state.withLock { $0.insights.insights(at: now) }
    insights.slowestTasks = slowest.map(\.described)
    return insights
  }
}
