internal import MultiprocessingSystem
internal import Synchronization

/// Workers of this process: a running Swift task for each item in hand, one after another.
///
/// A worker cannot be ended against its will; `kill` cancels its task and lets it finish.
final class LocalBackend: WorkerBackend {
  /// What the tasks of a worker run on.
  enum Place {
    /// A thread for each worker, which its tasks may block.
    case threads
    /// Wherever Swift runs them.
    case anywhere
  }

  private struct Worker {
    let sink: WorkerSink
    let executor: ThreadExecutor?
    var waiting: [(item: PoolMachine.ItemID, job: PoolJob)] = []
    var running: (item: PoolMachine.ItemID, task: Task<Void, Never>?, isCancelled: Bool)?
    var isRetired = false
  }

  let capabilities = WorkerCapabilities(format: nil, canKill: false)
  private let place: Place
  private let workers = Mutex<[PoolMachine.WorkerID: Worker]>([:])

  init(on place: Place) { self.place = place }

  func start(_ id: PoolMachine.WorkerID, sink: @escaping WorkerSink) throws {
    let executor = place == .threads ? ThreadExecutor() : nil
    do {
      try executor?.start(named: "mp-worker-\(id)")
    } catch {
      throw MultiprocessingError(.startFailed, doing: "starting a thread", error)
    }
    workers.withLock { $0[id] = Worker(sink: sink, executor: executor) }
    sink(.ready(id))
  }

  func send(_ job: PoolJob, as item: PoolMachine.ItemID, to id: PoolMachine.WorkerID) {
    workers.withLock { $0[id]?.waiting.append((item, job)) }
    startNext(id)
  }

  func stop(_ item: PoolMachine.ItemID, in id: PoolMachine.WorkerID) {
    let (dropped, task) = workers.withLock { workers -> (WorkerSink?, Task<Void, Never>?) in
      guard let worker = workers[id] else { return (nil, nil) }
      if worker.running?.item == item {
        workers[id]?.running?.isCancelled = true
        return (nil, worker.running?.task)
      }
      guard worker.waiting.contains(where: { $0.item == item }) else { return (nil, nil) }
      workers[id]?.waiting.removeAll { $0.item == item }
      return (worker.sink, nil)
    }
    if let task { cancel(task) }
    dropped?(.finished(id, item, .thrown(CancellationError()), after: nil))
  }

  func recall(_ item: PoolMachine.ItemID, from id: PoolMachine.WorkerID) {
    let sink = workers.withLock { workers -> WorkerSink? in
      guard let place = workers[id]?.waiting.firstIndex(where: { $0.item == item }) else { return nil }
      workers[id]?.waiting.remove(at: place)
      return workers[id]?.sink
    }
    sink?(.returned(id, item))
  }

  func kill(_ id: PoolMachine.WorkerID) {
    let task = workers.withLock { workers in
      workers[id]?.isRetired = true
      workers[id]?.waiting = []
      workers[id]?.running?.isCancelled = true
      return workers[id]?.running?.task
    }
    if let task { cancel(task) }
    startNext(id)
  }

  func retire(_ id: PoolMachine.WorkerID) {
    workers.withLock { $0[id]?.isRetired = true }
    startNext(id)
  }

  func terminate(_ id: PoolMachine.WorkerID) {}

  func processID(of id: PoolMachine.WorkerID) -> ProcessID? { nil }

  func facts(of id: PoolMachine.WorkerID) -> WorkerFacts? { nil }

  /// Not here: cancellation handlers are the user's code, and nothing of the pool's goes on while this thread performs.
  private func cancel(_ task: Task<Void, Never>) { Task.detached { task.cancel() } }

  private enum Step {
    case run(PoolMachine.ItemID, PoolJob, ThreadExecutor?)
    case end(WorkerSink, ThreadExecutor?)
    case nothing
  }

  private func startNext(_ id: PoolMachine.WorkerID) {
    let step = workers.withLock { workers -> Step in
      guard let worker = workers[id], worker.running == nil else { return .nothing }
      guard let next = worker.waiting.first else {
        if !worker.isRetired { return .nothing }
        workers[id] = nil
        return .end(worker.sink, worker.executor)
      }
      workers[id]?.waiting.removeFirst()
      workers[id]?.running = (next.item, nil, false)
      return .run(next.item, next.job, worker.executor)
    }
    switch step {
    case .nothing: return
    case .end(let sink, let executor):
      executor?.stop()
      sink(.lost(id, WorkerLoss()))
    case .run(let item, let job, let executor):
      let task = Task.detached(executorPreference: executor) { await self.execute(job, item, id) }
      let isCancelled = workers.withLock { workers in
        guard workers[id]?.running?.item == item else { return false }
        workers[id]?.running?.task = task
        return workers[id]?.running?.isCancelled == true
      }
      if isCancelled { cancel(task) }
    }
  }

  private func execute(_ job: PoolJob, _ item: PoolMachine.ItemID, _ id: PoolMachine.WorkerID) async {
    let result: JobResult
    let start = MonotonicClock.nanoseconds
    do {
      result = .local(try await job.local())
    } catch {
      result = .thrown(error)
    }
    let sink = workers.withLock { workers in
      workers[id]?.running = nil
      return workers[id]?.sink
    }
    sink?(.finished(id, item, result, after: MonotonicClock.nanoseconds &- start))
    startNext(id)
  }
}
