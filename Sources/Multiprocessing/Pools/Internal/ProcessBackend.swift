internal import Logging
internal import MultiprocessingSystem
internal import Synchronization

/// Workers that are child processes, one channel each.
final class ProcessBackend: WorkerBackend {
  private let context: ProcessContext
  private let greetingLimit: Duration
  private let settings: WorkerSettings
  private let processors: [[Int]]
  private let workers = Mutex<[PoolMachine.WorkerID: ProcessWorker]>([:])

  let capabilities: WorkerCapabilities

  init(_ configuration: ProcessPool.Configuration, workers: Int) throws {
    context = configuration.context
    try context.checkForTasks()
    greetingLimit = configuration.greetingLimit
    processors = configuration.processors.map { $0.sorted() }
    settings = WorkerSettings(
      niceness: configuration.niceness,
      threads: configuration.threadsPerWorker ?? max(1, CurrentProcess.availableParallelism / workers),
      logLevel: configuration.forwardedLogLevel?.rawValue)
    let isForeign = context.executable != nil
    capabilities = WorkerCapabilities(
      format: isForeign ? .portable : .sameBuild, canKill: true, needsPortableNames: isForeign)
  }

  func start(_ id: PoolMachine.WorkerID, sink: @escaping WorkerSink) throws {
    let family = ProcessFamily.current
    family.keepExitStatuses()
    let (name, path) = family.nextName("PoolWorker")
    var settings = settings
    settings.processors = leastUsedProcessors()
    // Without memory for rings everything goes by the socket.
    let rings = try? RingPair.make()
    let firstFrame = Frame(.rings, payload: TransferPayload(descriptors: rings.map { [$0.file] } ?? []))
    let process = try RunningProcess.launch(
      LaunchRequest(
        role: .worker, name: name, path: path, isDaemon: true, context: context, worker: settings,
        firstFrame: firstFrame))
    let worker = ProcessWorker(
      id: id, process: process, rings: rings?.pair, isForeign: capabilities.needsPortableNames,
      processors: settings.processors, sink: sink)
    workers.withLock { $0[id] = worker }
    EventLog.info("started \(name) (pid \(process.id))")
    process.exit.observe { [weak self] exit in
      _ = self?.workers.withLock { $0.removeValue(forKey: id) }
      EventLog.info("\(name) ended with \(exit.status)")
      worker.end(exit)
    }
    try worker.listen(greetingLimit: greetingLimit)
  }

  private func leastUsedProcessors() -> [Int] {
    let used = workers.withLock { $0.values.map(\.processors) }
    return processors.min { first, second in
      used.count { $0 == first } < used.count { $0 == second }
    } ?? []
  }

  func send(_ job: PoolJob, as item: PoolMachine.ItemID, to id: PoolMachine.WorkerID) {
    worker(id)?.send(job, as: item)
  }

  func stop(_ item: PoolMachine.ItemID, in id: PoolMachine.WorkerID) { worker(id)?.stop(item) }

  func recall(_ item: PoolMachine.ItemID, from id: PoolMachine.WorkerID) { worker(id)?.recall(item) }

  func kill(_ id: PoolMachine.WorkerID) { worker(id)?.kill() }

  func retire(_ id: PoolMachine.WorkerID) { worker(id)?.retire() }

  func terminate(_ id: PoolMachine.WorkerID) { try? worker(id)?.process.signal(ProcessControl.terminateSignal) }

  func processID(of id: PoolMachine.WorkerID) -> ProcessID? { worker(id)?.process.id }

  func facts(of id: PoolMachine.WorkerID) -> WorkerFacts? {
    worker(id).map {
      WorkerFacts(processID: $0.process.id, privateMemory: ProcessMemory.privateBytes(of: $0.process.id))
    }
  }

  func watch(of id: PoolMachine.WorkerID) -> (any AnswerWatch)? { worker(id).flatMap { $0.rings == nil ? nil : $0 } }

  private func worker(_ id: PoolMachine.WorkerID) -> ProcessWorker? { workers.withLock { $0[id] } }
}
