/// Workers that are threads, one each.
final class ThreadBackend: WorkerBackend {
  let capabilities = WorkerCapabilities(format: nil, canKill: false)
  private let workers = LocalWorkers()

  func start(_ id: PoolMachine.WorkerID, sink: @escaping WorkerSink) throws {
    let executor = ThreadExecutor()
    do {
      try executor.start(named: "mp-worker-\(id)")
    } catch {
      throw MultiprocessingError(.startFailed, doing: "starting a thread", error)
    }
    workers.add(id, on: executor, sink: sink)
  }

  func send(_ job: PoolJob, as item: PoolMachine.ItemID, to id: PoolMachine.WorkerID) {
    workers.send(job, as: item, to: id)
  }

  func stop(_ item: PoolMachine.ItemID, in id: PoolMachine.WorkerID) { workers.stop(item, in: id) }
  func kill(_ id: PoolMachine.WorkerID) { workers.kill(id) }
  func retire(_ id: PoolMachine.WorkerID) { workers.retire(id) }
  func terminate(_ id: PoolMachine.WorkerID) {}
  func facts(of id: PoolMachine.WorkerID) -> WorkerFacts? { nil }
}

/// The caller, and tasks of its own for what is not awaited at once.
final class InlineBackend: WorkerBackend {
  let capabilities = WorkerCapabilities(format: nil, canKill: false)
  private let workers = LocalWorkers()

  func start(_ id: PoolMachine.WorkerID, sink: @escaping WorkerSink) throws { workers.add(id, on: nil, sink: sink) }

  func send(_ job: PoolJob, as item: PoolMachine.ItemID, to id: PoolMachine.WorkerID) {
    workers.send(job, as: item, to: id)
  }

  func stop(_ item: PoolMachine.ItemID, in id: PoolMachine.WorkerID) { workers.stop(item, in: id) }
  func kill(_ id: PoolMachine.WorkerID) { workers.kill(id) }
  func retire(_ id: PoolMachine.WorkerID) { workers.retire(id) }
  func terminate(_ id: PoolMachine.WorkerID) {}
  func facts(of id: PoolMachine.WorkerID) -> WorkerFacts? { nil }
}
