internal import MultiprocessingSystem
internal import Synchronization

/// What a task is to whoever waits for it, whatever its type of result: no generic type is made, kept or let go on the way
/// of a single task, which would take longer than the rest.
final class SubmittedTask: Sendable {
  let completion = Completion<Result<JobResult, any Error>>()
  private let driver: PoolDriver
  private let item = Atomic<UInt64>(0)

  private struct Nudged {
    weak var watch: (any AnswerWatch)?
  }

  /// Whose sleepers are woken when the task ends: noted once, however often somebody waits for a while.
  private let nudged = Mutex(Nudged())

  /// Submits a task.
  ///
  /// - Throws: as `PoolDriver.submit`.
  init(_ job: PoolJob, _ traits: PoolMachine.Traits, to driver: PoolDriver) throws {
    self.driver = driver
    let number = try driver.submit(job, traits) { self.completion.resolve($0) }
    // SAFETY: stored once; what the number names is guarded by the driver's own lock.
    item.store(number, ordering: .releasing)
  }

  // SAFETY: the number alone is read; the driver looks it up under its lock, and 0 (not submitted yet) names no item.
  private var number: PoolMachine.ItemID { item.load(ordering: .acquiring) }

  var isDone: Bool { completion.isSet }

  var isRunning: Bool { !isDone && !driver.isInherited && driver.isRunning(number) }

  func cancel() { driver.handle(.cancel(number)) }

  /// Where its answer will come from, once it has been sent to a worker.
  private var watch: (any AnswerWatch)? { driver.watch(for: number) }

  /// - Throws: `unsupported` in a forked copy of the pool's process, which hears no answer.
  func requireOwn() throws {
    if driver.isInherited, !isDone { throw PoolDriver.inherited }
  }

  /// Looks for the answer for as long as suspending and being resumed would take.
  func look() {
    if !isDone { watch?.look { isDone } }
  }

  /// Blocks the calling thread, which takes the answer from the worker by itself where it can.
  func waitBlocking(timeout: Duration? = nil) -> Result<JobResult, any Error>? {
    if driver.isInherited { return completion.value ?? .failure(PoolDriver.inherited) }
    let deadline = timeout.map { SharedWait.deadline(after: $0) }
    while !isDone, let watch, timeout.map({ $0 > .zero }) ?? true {
      watch.look { isDone }
      if isDone { break }
      let isNew = nudged.withLock { nudged in
        defer { nudged.watch = watch }
        return nudged.watch !== watch
      }
      if isNew { completion.observe { [weak watch] _ in watch?.nudge() } }
      guard sleep(on: [watch], unless: { isDone }, until: deadline) else { break }
      if let deadline, SharedWait.now >= deadline { return completion.value }
    }
    let rest = deadline.map { Duration.nanoseconds(Int64(clamping: $0) - Int64(clamping: SharedWait.now)) }
    return completion.waitBlocking(timeout: rest)
  }
}
