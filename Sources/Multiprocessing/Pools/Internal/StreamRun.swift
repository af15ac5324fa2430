internal import MultiprocessingSystem
internal import Synchronization

/// One stream: takes inputs as there is room for their results, and hands results on in the order asked for.
///
/// Two parties meet here: the pump, a task that takes inputs and submits them, and the consumer, who takes results. The
/// pump waits while `limit` results are owed (inputs taken and results not consumed); the consumer waits for a result.
/// Letting go of the run cancels what is left. Results pass through as they came: who takes one decodes it.
final class StreamRun: Sendable {
  typealias Outcome = Result<JobResult, any Error>

  private struct State {
    /// Inputs taken.
    var taken = 0
    /// Results handed on.
    var consumed = 0
    /// By a number of each submission.
    var outstanding: [Int: PoolMachine.ItemID] = [:]
    var submissions = 0
    /// Results in the order asked for, those not handed on.
    var ready = ResultWindow()
    /// Results that have come.
    var arrived = 0
    /// No more inputs, and why not when they failed.
    var inputsEnded = false
    var inputError: (any Error)?
    var isOver = false
    /// Why it is over, until the consumer has been told.
    var failure: (any Error)?
    var timer: Reactor.Token?
    var consumer: Completion<Void>?
    var pump: Completion<Void>?
    /// The pump goes on when fewer results are owed.
    var resumesAt = 0
  }

  private let state = Mutex(State())
  private let driver: PoolDriver
  private let order: ResultOrder
  private let limit: Int
  private let workers: Int
  private let logMetadata: [String: String]
  private let progress: ProgressReporter?
  private let observer: Int?

  init(
    driver: PoolDriver, order: ResultOrder, limit: Int, logMetadata: [String: String], progress: ProgressReporter?
  ) {
    self.logMetadata = logMetadata
    self.driver = driver
    workers = driver.configuredWorkers
    self.order = order
    self.limit = limit
    self.progress = progress
    observer = progress.map { progress in driver.observeRestarts { progress.restarted() } }
  }

  deinit { observer.map(driver.stopObservingRestarts) }

  // MARK: The pump

  /// Waits until one more input may be taken; false when the stream is over.
  ///
  /// Once it has waited, it goes on when half of the room is free: a wake-up for each result would cost more than quick
  /// tasks do. With little room, as soon as that leaves a worker without a second task.
  func waitForRoom() async throws -> Bool {
    var enough = limit
    while true {
      let (answer, waiter) = state.withLock { state -> (Bool?, Completion<Void>?) in
        if state.isOver { return (false, nil) }
        if state.taken - state.consumed < enough { return (true, nil) }
        enough = max(limit / 2, min(limit - 1, 2 * workers)) + 1
        state.resumesAt = enough
        let waiter = Completion<Void>()
        state.pump = waiter
        return (nil, waiter)
      }
      if let answer { return answer }
      try await waiter?.wait()
    }
  }

  var isOver: Bool { state.withLock { $0.isOver } }

  /// Takes the place of the next input.
  func take() -> Int {
    state.withLock { state in
      defer { state.taken += 1 }
      return state.taken
    }
  }

  private func beginSubmission() -> Int {
    state.withLock { state in
      state.submissions += 1
      state.outstanding[state.submissions] = .max
      return state.submissions
    }
  }

  private func forget(_ submission: Int) { state.withLock { $0.outstanding[submission] = nil } }

  private func note(_ item: PoolMachine.ItemID, of submission: Int) {
    let isOver = state.withLock { state in
      if state.outstanding[submission] != nil { state.outstanding[submission] = item }
      return state.isOver
    }
    if isOver { driver.handle(.cancel(item)) }
  }

  /// Submits the next input's task. One that cannot be submitted is a failed result in its place.
  func submit<Output>(_ source: TaskSource<Output>, _ traits: PoolMachine.Traits) {
    let (index, submission) = (take(), beginSubmission())
    do {
      let job = try source.job(for: driver.backend.capabilities, logMetadata: logMetadata)
      note(
        try driver.submit(job, traits) { [weak self] result in
          self?.forget(submission)
          self?.finish(index, result)
        }, of: submission)
    } catch {
      forget(submission)
      finish(index, .failure(error))
    }
  }

  func endInputs(_ error: (any Error)?) {
    let consumer = state.withLock { state in
      (state.inputsEnded, state.inputError) = (true, error)
      return state.consumer
    }
    consumer?.resolve(())
  }

  /// What the input at a place came to.
  func finish(_ index: Int, _ result: Outcome) { finish(from: index, [result]) }

  /// What the inputs from a place on came to.
  func finish(from first: Int, _ results: [Outcome]) {
    progress?.note(results)
    let consumer = state.withLock { state -> Completion<Void>? in
      if state.isOver { return nil }
      let place = (order == .input ? first : state.arrived) - state.consumed
      for offset in results.indices { state.ready.put(results[offset], at: place + offset) }
      state.arrived += results.count
      guard state.consumer != nil, state.ready.isReady else { return nil }
      defer { state.consumer = nil }
      return state.consumer
    }
    consumer?.resolve(())
  }

  // MARK: The consumer

  private enum Next {
    case result(Outcome, pump: Completion<Void>?)
    case inputFailed(any Error)
    case end
    case wait(Completion<Void>)
  }

  /// The next outcome; nil at the end.
  func next() async throws -> Outcome? {
    while true {
      switch state.withLock({ take(&$0) }) {
      case .result(let result, let pump):
        pump?.resolve(())
        return result
      case .inputFailed(let error):
        cancel()
        return .failure(error)
      case .end:
        progress?.finish()
        return nil
      case .wait(let waiter): try await waiter.wait()
      }
    }
  }

  private func take(_ state: inout State) -> Next {
    if let result = state.ready.takeNext() {
      state.consumed += 1
      guard state.taken - state.consumed < state.resumesAt else { return .result(result, pump: nil) }
      defer { state.pump = nil }
      return .result(result, pump: state.pump)
    }
    if state.isOver {
      defer { state.failure = nil }
      return state.failure.map(Next.inputFailed) ?? .end
    }
    if state.inputsEnded, state.consumed == state.taken {
      if let error = state.inputError {
        state.inputError = nil
        return .inputFailed(error)
      }
      return .end
    }
    let waiter = Completion<Void>()
    state.consumer = waiter
    return .wait(waiter)
  }

  /// Ends the stream with an error after a while.
  func fail(after timeout: Duration) throws {
    let token = try Reactor.shared.schedule(at: ContinuousClock.now + timeout) { [weak self] in
      self?.state.withLock { state in
        if !state.isOver { state.failure = Self.timedOut }
      }
      self?.cancel()
    }
    state.withLock { $0.timer = token }
  }

  private static var timedOut: MultiprocessingError {
    MultiprocessingError(.timedOut, "the stream did not end in its time (totalTimeout): the rest is cancelled")
  }

  /// Ends the stream: what no worker has begun never runs, what runs is stopped.
  func cancel() {
    // Let go outside the lock: they may be values of the user's.
    let (items, pump, consumer, timer, ready) = state.withLock { state in
      state.isOver = true
      defer { (state.timer, state.ready) = (nil, ResultWindow()) }
      return (Array(state.outstanding.values), state.pump, state.consumer, state.timer, state.ready)
    }
    withExtendedLifetime(ready) {}
    if let timer { Reactor.shared.cancel(timer) }
    pump?.resolve(())
    consumer?.resolve(())
    // The last first: else one that waits would begin in the place of one that was stopped.
    for item in (items + driver.series(of: ObjectIdentifier(self))).sorted(by: >) where item != .max {
      driver.handle(.cancel(item))
    }
    progress?.finish()
  }
}

extension ProgressReporter {
  fileprivate func note(_ results: [Result<JobResult, any Error>]) {
    let completedCount = results.count { (try? $0.get()) != nil }
    if completedCount > 0 { completed(completedCount) }
    if completedCount < results.count { failed(results.count - completedCount) }
  }
}
