internal import MultiprocessingSystem
internal import Synchronization

/// What an attempt that does not wait came to.
enum LinkStep<Result> {
  case done(Result)
  /// Nothing more can be done until the descriptor is open in that direction.
  case wait(Direction)
}

extension ClosableDescriptor {
  /// Takes steps until one is done; nil when the deadline passes first. The last step comes after the deadline, so a
  /// deadline in the past is one attempt.
  ///
  /// - Throws: what a step throws; `closed` when the end is closed meanwhile; CancellationError when the awaiting task is
  ///   cancelled and a step cannot be done now.
  func run<Result>(
    until deadline: ContinuousClock.Instant?, _ step: (Descriptor) throws -> LinkStep<Result>
  ) async throws -> Result? {
    var looking = ShortLook(answersSoon)
    while true {
      let hasPassed = deadline.map { ContinuousClock.now >= $0 } ?? false
      switch try step(try descriptor()) {
      case .done(let result):
        looking.end()
        return result
      case .wait(let direction):
        if hasPassed { return nil }
        if looking.goesOn() {
          if !looks(direction) { await Task.yield() }
          continue
        }
        do {
          _ = try await wait(for: direction, until: deadline)
        } catch let error as SystemError {
          throw MultiprocessingError(doing: "waiting", error)
        }
      }
    }
  }

  /// Whether the descriptor opens in the time that a task looks before it lets others run.
  private func looks(_ direction: Direction) -> Bool {
    existing.map { Polling.spin(for: $0.number, direction, nanoseconds: 20_000) != nil } ?? true
  }

  /// The same on the calling thread.
  func runBlocking<Result>(
    until deadline: ContinuousClock.Instant?, _ step: (Descriptor) throws -> LinkStep<Result>
  ) throws -> Result? {
    while true {
      let hasPassed = deadline.map { ContinuousClock.now >= $0 } ?? false
      switch try step(try descriptor()) {
      case .done(let result): return result
      case .wait(let direction):
        if hasPassed { return nil }
        if let existing, spinning.spin(on: existing, direction) { continue }
        do {
          _ = try waitBlocking(for: direction, until: deadline)
        } catch let error as SystemError {
          throw MultiprocessingError(doing: "waiting", error)
        }
      }
    }
  }
}

extension ContinuousClock.Instant {
  /// When a timeout from now ends; nil for none.
  static func deadline(after timeout: Duration?) -> ContinuousClock.Instant? { timeout.map { .now + $0 } }
}

/// Whether a peer tends to answer at once.
final class AnswersSoon: Sendable {
  private let guess = Atomic(true)

  var value: Bool {
    // SAFETY: a guess that orders nothing else; relaxed throughout.
    get { guess.load(ordering: .relaxed) }
    set { guess.store(newValue, ordering: .relaxed) }
  }
}

/// A task that looks again and again, and lets others run between, before it is suspended.
///
/// Two wake-ups of threads, of the reactor's and of the pool's, cost 20 to 100 µs on each side; a peer that waits for what
/// we sent may answer in five. It is done only while that has been so.
private struct ShortLook {
  private let answersSoon: AnswersSoon
  private var start: ContinuousClock.Instant?

  /// For how long.
  private static let duration: Duration = .microseconds(50)
  /// An answer that comes within is worth looking for next time.
  private static let soon: Duration = .microseconds(100)

  init(_ answersSoon: AnswersSoon) { self.answersSoon = answersSoon }

  mutating func goesOn() -> Bool {
    guard let start else {
      start = .now
      return answersSoon.value && !ProcessorCount.isOne
    }
    return answersSoon.value && start.duration(to: .now) < Self.duration
  }

  func end() {
    if let start { answersSoon.value = start.duration(to: .now) < Self.soon }
  }
}
