internal import MultiprocessingSystem
internal import Synchronization

/// What all pools are made of: a dispatcher over a back end. Of no use by itself.
public final class PoolCore: Sendable {
  let driver: PoolDriver
  /// Tasks run in the caller's own task.
  let isInline: Bool

  init(_ driver: PoolDriver, isInline: Bool = false) {
    self.driver = driver
    self.isInline = isInline
  }

  var capabilities: WorkerCapabilities { driver.backend.capabilities }
}

/// A task as the user gave it: its name, how to encode its arguments, and how to run it here.
struct TaskSource<Output: Sendable>: Sendable {
  let reference: TaskReference
  let coder: TransferCoder<Output>
  let encode: @Sendable (TransferFormat) throws -> TransferPayload
  let run: @Sendable () async throws -> Output
  /// What the task was given, in words.
  let describe: @Sendable () -> String

  /// The task ready for a back end: encoded now, where it crosses.
  ///
  /// - Parameters:
  ///   - logMetadata: of whoever submits it.
  ///   - isRest: it was given back, and was counted before.
  func job(
    for capabilities: WorkerCapabilities, logMetadata: @autoclosure () -> [String: String] = [:], isRest: Bool = false
  ) throws -> PoolJob {
    try capabilities.check(reference)
    let envelope = try capabilities.format.map {
      var envelope = TaskEnvelope(reference: reference, format: $0, payload: try encode($0))
      envelope.logMetadata = logMetadata()
      return envelope
    }
    return PoolJob(
      reference: reference, envelope: envelope, describe: describe, isRest: isRest, local: { try await run() })
  }
}

extension WorkerCapabilities {
  /// - Throws: `notTransferable` for a task that workers could not find.
  func check(_ reference: TaskReference) throws {
    guard needsPortableNames, reference.needsSameBuild else { return }
    throw MultiprocessingError(
      .notTransferable, "another executable finds tasks by type name only: use a type that conforms to ProcessTask")
  }
}

extension TaskSource {
  init<T: ProcessTask>(_ task: T) throws where T.Output == Output {
    self.init(
      reference: try TaskReference.of(T.self), coder: T.outputCoder,
      encode: { try TransferCoder<T>.encode(task, $0, spills: true) }, run: { try await task.run() },
      describe: { String(describing: task) })
  }
}

/// How results of one kind of task are read.
struct ResultReader<Output: Sendable>: Sendable {
  let coder: TransferCoder<Output>
  let format: TransferFormat?

  func read(_ result: JobResult) throws -> Output {
    switch result {
    case .thrown(let error): throw error
    case .payload(let payload, _): return try coder.decode(payload, format ?? .sameBuild)
    case .local(let value):
      guard let value = value as? Output else {
        throw MultiprocessingError(.notTransferable, "the task returned \(type(of: value)), not \(Output.self)")
      }
      return value
    }
  }

  /// The same of what became of a task.
  func read(_ result: Result<JobResult, any Error>) throws -> Output {
    do {
      return try read(result.get())
    } catch {
      throw error.decoded
    }
  }

  func outcome(_ result: Result<JobResult, any Error>) -> Result<Output, any Error> {
    do {
      return .success(try read(result))
    } catch {
      return .failure(error)
    }
  }
}

extension PoolCore {
  func submit<Output>(_ source: TaskSource<Output>, _ options: TaskOptions) throws -> PoolTask<Output> {
    PoolTask(try submitted(source, options), reader: reader(of: source))
  }

  private func submitted<Output>(_ source: TaskSource<Output>, _ options: TaskOptions) throws -> SubmittedTask {
    let traits = try options.traits(capabilities)
    return try SubmittedTask(
      try source.job(for: capabilities, logMetadata: driver.callersLogMetadata), traits, to: driver)
  }

  func reader<Output>(of source: TaskSource<Output>) -> ResultReader<Output> {
    ResultReader(coder: source.coder, format: capabilities.format)
  }

  /// Runs one task and waits; a cancelled wait cancels the task.
  func run<Output>(_ source: TaskSource<Output>, _ options: TaskOptions) async throws -> Output {
    if isInline {
      _ = try options.traits(capabilities)
      guard driver.isOpen else { throw driver.closingReason }
      try Task.checkCancellation()
      return try await source.run()
    }
    try Task.checkCancellation()
    let task = try submitted(source, options)
    // Before anything that suspends: to go on elsewhere and come back costs more than a small task.
    if !Task.isCancelled {
      task.look()
      if let result = task.completion.value { return try reader(of: source).read(result) }
    }
    let result = try await withTaskCancellationHandler {
      try await task.completion.wait()
    } onCancel: {
      task.cancel()
    }
    return try reader(of: source).read(result)
  }

  /// Runs one task and blocks the calling thread.
  func runBlocking<Output>(_ source: TaskSource<Output>, _ options: TaskOptions) throws -> Output {
    guard let result = try submitted(source, options).waitBlocking() else { throw CancellationError() }
    return try reader(of: source).read(result)
  }
}

extension PoolDriver {
  var configuredWorkers: Int { state.withLock { $0.machine.configuration.workers } }

  /// Workers end after a number of tasks.
  var countsTasks: Bool { state.withLock { $0.machine.configuration.maxTasksPerWorker != nil } }

  var isPerforming: Bool { state.withLock { $0.isPerforming } }
  var isOpen: Bool { !isInherited && state.withLock { $0.machine.phase == .open } }

  var statistics: PoolStatistics {
    state.withLock { state in
      var statistics = state.statistics
      statistics.retried = state.machine.retries
      return statistics
    }
  }
}
