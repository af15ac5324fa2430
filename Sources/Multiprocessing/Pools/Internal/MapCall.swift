internal import MultiprocessingSystem

/// A `map` under way, awaited or blocking: what it works with, and what is undone at its end.
struct MapCall<Input: Codable & Sendable, Output: Sendable> {
  let run: MapRun<Input, Output>
  private var work: MapWork<Input, Output>
  private let task: TaskReference
  private let driver: PoolDriver
  private let progress: ProgressReporter?
  private let observer: Int?
  private let timer: Reactor.Token?

  /// - Throws: `closed`, or the reason for which the pool broke; `invalidArgument`, `unsupported` for the options.
  init(
    _ count: Int, _ options: MapOptions, _ source: MapSource<Input, Output>, _ core: PoolCore,
    logMetadata: [String: String]
  ) throws {
    (driver, task) = (core.driver, source.reference)
    let traits = try options.traits(driver)
    try driver.beginWork()
    let progress = options.progress.map { ProgressReporter(style: $0, total: count, output: .ofPools) }
    let run = MapRun<Input, Output>(driver: driver, progress: progress)
    do {
      timer = try options.totalTimeout.map { timeout in
        try Reactor.shared.schedule(at: ContinuousClock.now + timeout) { run.fail(Self.timedOut) }
      }
    } catch {
      progress?.finish()
      driver.endWork()
      throw error
    }
    observer = progress.map { progress in core.driver.observeRestarts { progress.restarted() } }
    let sizer = core.sizer(options, traits, driver.experience(of: task))
    work = MapWork(run, source, driver, traits, sizer, logMetadata: logMetadata)
    (self.run, self.progress) = (run, progress)
  }

  /// Runs all inputs, and returns their results in order.
  mutating func outputs(_ inputs: [Input]) async throws -> [Output] {
    do {
      let outputs = try await work.collect(inputs)
      learn()
      return outputs
    } catch {
      throw failed(error)
    }
  }

  /// The same on the calling thread, which blocks.
  mutating func outputsBlocking(_ inputs: [Input]) throws -> [Output] {
    do {
      let outputs = try work.collectBlocking(inputs)
      learn()
      return outputs
    } catch {
      throw failed(error)
    }
  }

  private func learn() {
    if let experience = work.experience { driver.note(experience, of: task) }
  }

  private func failed(_ error: any Error) -> any Error {
    work.abandon()
    run.cancelRest()
    return error.decoded
  }

  /// Undoes what the beginning did; called once.
  func end() {
    timer.map(Reactor.shared.cancel)
    observer.map(driver.stopObservingRestarts)
    progress?.finish()
    driver.endWork()
  }

  private static var timedOut: MultiprocessingError {
    MultiprocessingError(.timedOut, "the map did not end in its time (totalTimeout): the rest is cancelled")
  }
}
