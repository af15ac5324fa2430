/// Where a pool's workers are: processes, threads, later other machines. The pool decides what happens; a back end makes
/// it happen and reports what did.
protocol WorkerBackend: AnyObject, Sendable {
  var capabilities: WorkerCapabilities { get }

  /// Begins to start a worker. What follows is told to the sink: `ready`, `finished` and, last, `lost`; once more when a
  /// process that counted as lost has ended.
  ///
  /// - Throws: when the worker cannot be started; then the sink hears nothing of it.
  func start(_ worker: PoolMachine.WorkerID, sink: @escaping WorkerSink) throws
  /// Gives a task to a worker. A failure to do so is reported as the task's answer.
  func send(_ job: PoolJob, as item: PoolMachine.ItemID, to worker: PoolMachine.WorkerID)
  /// Asks a worker to give up a task.
  func stop(_ item: PoolMachine.ItemID, in worker: PoolMachine.WorkerID)
  /// Asks a worker for a task that it has not begun: it gives it back (`returned`), or answers it in its time.
  func recall(_ item: PoolMachine.ItemID, from worker: PoolMachine.WorkerID)
  /// Ends a worker against its will, where that is possible.
  func kill(_ worker: PoolMachine.WorkerID)
  /// Tells a worker to end when it has done what it has in hand.
  func retire(_ worker: PoolMachine.WorkerID)
  /// Reminds a worker that was told to end and has nothing in hand; only where `kill` is possible.
  func terminate(_ worker: PoolMachine.WorkerID)
  /// The worker's process; nil when it has none.
  func processID(of worker: PoolMachine.WorkerID) -> ProcessID?
  /// What is known of the worker's process; nil when it has none.
  func facts(of worker: PoolMachine.WorkerID) -> WorkerFacts?
  /// Where a thread that waits for an answer of the worker may look for it by itself.
  func watch(of worker: PoolMachine.WorkerID) -> (any AnswerWatch)?
}

extension WorkerBackend {
  func watch(of worker: PoolMachine.WorkerID) -> (any AnswerWatch)? { nil }
}

typealias WorkerSink = @Sendable (WorkerEvent) -> Void

struct WorkerCapabilities: Sendable {
  /// Tasks and results cross as bytes; nil: they stay in this process.
  var format: TransferFormat?
  /// Workers can be ended against their will.
  var canKill: Bool
  /// Where the other build is, when tasks must be found by type name alone.
  var needsPortableNames = false
}

enum WorkerEvent: Sendable {
  case ready(PoolMachine.WorkerID)
  /// After so many nanoseconds of work; nil where the task did not run.
  case finished(PoolMachine.WorkerID, PoolMachine.ItemID, JobResult, after: UInt64?)
  /// Of a series, what the inputs from an index on came to.
  case parts(PoolMachine.WorkerID, PoolMachine.ItemID, from: Int, [JobResult])
  /// Of a series, what has not begun is given back.
  case rest(PoolMachine.WorkerID, PoolMachine.ItemID, from: Int)
  /// Given back as it was.
  case returned(PoolMachine.WorkerID, PoolMachine.ItemID)
  /// Wrote a log record; the name is its process's.
  case logged(PoolMachine.WorkerID, LogRecord, String)
  /// What it says makes no sense; its loss follows.
  case distrusted(PoolMachine.WorkerID)
  case lost(PoolMachine.WorkerID, WorkerLoss)
}

/// How a worker ended.
struct WorkerLoss: Sendable {
  /// The task it had begun and not finished.
  var running: PoolMachine.ItemID?
  /// What it said made no sense: it may have run all that it had in hand.
  var isDistrusted = false
  /// Why, for that task; nil when it ended as it was told to.
  var exit: ProcessExit?
}

struct WorkerFacts: Sendable {
  var processID: ProcessID
  /// Bytes of memory that are this process's alone.
  var privateMemory: Int
}

/// What a task came to, as the worker gave it.
indirect enum JobResult: Sendable {
  /// `count`: of how many inputs, when it is a chunk's.
  case payload(TransferPayload, count: Int = 1)
  case local(any Sendable)
  case thrown(any Error)
}

/// A task in a form that every back end can run.
final class PoolJob: Sendable {
  let reference: TaskReference
  /// The task as it crosses; nil where it stays in this process.
  let envelope: TaskEnvelope?
  /// Runs code of the user's.
  let describe: (@Sendable () -> String)?
  /// The task as it runs here.
  let local: @Sendable () async throws -> any Sendable
  /// How many tasks it is to the user: a chunk has one for each input.
  let count: Int
  /// It is what a worker gave back of a chunk, and was counted then.
  let isRest: Bool

  init(
    reference: TaskReference, envelope: TaskEnvelope?, describe: (@Sendable () -> String)?, count: Int = 1,
    isRest: Bool = false, local: @escaping @Sendable () async throws -> any Sendable
  ) {
    (self.reference, self.envelope, self.describe, self.local) = (reference, envelope, describe, local)
    (self.count, self.isRest) = (count, isRest)
  }
}

extension JobResult {
  var isThrown: Bool {
    if case .thrown = self { return true }
    return false
  }

  /// How many tasks it answers.
  var count: Int {
    if case .payload(_, let count) = self { return count }
    return 1
  }
}

extension PoolJob {
  /// Bytes of its encoded arguments.
  var byteCount: Int { envelope?.payload.byteCount ?? 0 }
}
