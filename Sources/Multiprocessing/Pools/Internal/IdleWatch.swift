/// Since when workers have had nothing to do, and when to look: one timer for all of them, however many tasks they do.
///
/// A task moves its worker's time and not the timer. When that comes, it finds who has rested for long enough, and is set
/// again for who will be next.
struct IdleWatch: Sendable {
  typealias WorkerID = PoolMachine.WorkerID
  typealias Instant = ContinuousClock.Instant

  private let timeout: Duration
  private var restingSince: [WorkerID: Instant] = [:]
  private var isTimerSet = false

  init(timeout: Duration) { self.timeout = timeout }

  /// A worker has nothing to do from now on. Returns when to look; nil when a timer is set for that.
  mutating func rest(_ worker: WorkerID, at now: Instant) -> Instant? {
    restingSince[worker] = now
    defer { isTimerSet = true }
    return isTimerSet ? nil : now + timeout
  }

  mutating func remove(_ worker: WorkerID) { restingSince[worker] = nil }

  /// The timer has come: who has rested for the time, unless a task was begun since, and when to look again.
  mutating func look(at now: Instant) -> (idle: [WorkerID], next: Instant?) {
    let idle = restingSince.filter { $0.value + timeout <= now }.keys.sorted()
    for worker in idle { restingSince[worker] = nil }
    let next = restingSince.values.min().map { $0 + timeout }
    isTimerSet = next != nil
    return (idle, next)
  }
}
