internal import MultiprocessingSystem
internal import Synchronization

/// One `map`: keeps chunks with the workers, gathers what they answer, stops at the first failure.
///
/// The task that maps does the coding, between its waits: what workers answer is only noted on the threads that hear it.
final class MapRun<Input: Codable & Sendable, Output: Sendable>: Sendable {
  /// Inputs that follow each other.
  struct Stretch: Sendable {
    let start: Int
    let inputs: [Input]
    /// A worker gave it back.
    var isRest = false
  }

  private struct State {
    var outstanding: [Int: PoolMachine.ItemID] = [:]
    var answers: [(stretch: Stretch, result: JobResult)] = []
    var failure: (any Error)?
    /// Nobody reads answers any more.
    var isOver = false
    /// What the mapping task waits for: an answer, a failure.
    var waiter: Completion<Void>?
  }

  private let state = Mutex(State())
  private let driver: PoolDriver
  private let progress: ProgressReporter?

  init(driver: PoolDriver, progress: ProgressReporter?) {
    self.driver = driver
    self.progress = progress
  }

  func submit(_ job: PoolJob, _ stretch: Stretch, _ traits: PoolMachine.Traits) throws {
    // Known as outstanding before it can finish.
    let failure = state.withLock { state in
      if state.failure == nil { state.outstanding[stretch.start] = .max }
      return state.failure
    }
    if let failure { throw failure }
    let item = try driver.submit(job, traits) { self.finish(stretch, $0) }
    state.withLock { state in
      if state.outstanding[stretch.start] != nil { state.outstanding[stretch.start] = item }
    }
  }

  /// What workers have answered since the last call; waits for at least one answer.
  ///
  /// - Throws: the first failure, as soon as there is one.
  func answers() async throws -> [(stretch: Stretch, result: JobResult)] {
    while true {
      let (answers, waiter) = try takeAnswers()
      guard let waiter else { return answers }
      try await waiter.wait()
    }
  }

  /// The same for a thread, which blocks.
  func answersBlocking() throws -> [(stretch: Stretch, result: JobResult)] {
    while true {
      let (answers, waiter) = try takeAnswers()
      guard let waiter else { return answers }
      driver.waitBlocking(for: waiter)
    }
  }

  private func takeAnswers() throws -> (answers: [(stretch: Stretch, result: JobResult)], waiter: Completion<Void>?) {
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      defer { state.answers = [] }
      state.waiter = state.answers.isEmpty ? Completion<Void>() : nil
      return (state.answers, state.waiter)
    }
  }

  /// Ends the run now; a failure that was there before stays.
  func fail(_ error: any Error) {
    let waiter = state.withLock { state in
      state.failure = state.failure ?? error
      return state.waiter
    }
    waiter?.resolve(())
  }

  /// Cancels what is left, the last first: else one that waits would begin in the place of one that was stopped.
  func cancelRest() {
    let (items, answers) = state.withLock { state in
      state.isOver = true
      defer { state.answers = [] }
      return (state.outstanding.values.sorted(by: >), state.answers)
    }
    for (stretch, answer) in answers { countRest(of: stretch, answer) }
    for item in items where item != .max { driver.handle(.cancel(item)) }
  }

  /// Counts what a worker gave back, and nobody gives to another.
  private func countRest(of stretch: Stretch, _ answer: JobResult) {
    let rest = stretch.inputs.count - min(answer.count, stretch.inputs.count)
    if rest > 0 { driver.count(failed: rest) }
  }

  /// Names the input of a task that had no end of its own.
  private static func located(_ error: any Error, in stretch: Stretch) -> any Error {
    guard let known = error as? MultiprocessingError,
      [.childCrashed, .childExited, .limitExceeded, .timedOut].contains(known.code)
    else { return error }
    let index = stretch.inputs.count == 1 ? 0 : known.inputIndex
    return known.about(inputAt: index.map { stretch.start + $0 })
  }

  private func finish(_ stretch: Stretch, _ result: Result<JobResult, any Error>) {
    switch result {
    case .success(let answer): progress?.completed(min(answer.count, stretch.inputs.count))
    case .failure: progress?.failed(stretch.inputs.count)
    }
    let (waiter, isOver) = state.withLock { state in
      state.outstanding[stretch.start] = nil
      switch result {
      case .success where state.isOver: break
      case .success(let answer): state.answers.append((stretch, answer))
      case .failure(let error): state.failure = state.failure ?? Self.located(error, in: stretch)
      }
      return (state.waiter, state.isOver)
    }
    if isOver, case .success(let answer) = result { countRest(of: stretch, answer) }
    waiter?.resolve(())
  }
}
