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
    guard let existing else { return true }
    return ShortLook.alone {
      withExtendedLifetime(existing) { Polling.spin(for: existing.number, direction, nanoseconds: 20_000) != nil }
    }
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
  private let count = Atomic<UInt32>(0)

  /// Whether to look now: while that has helped, and once in 16 times to learn whether it would.
  // SAFETY: guesses that order nothing else; relaxed throughout.
  var isWorthALook: Bool {
    guess.load(ordering: .relaxed) || count.wrappingAdd(1, ordering: .relaxed).newValue % 16 == 0
  }

  // SAFETY: as above.
  func note(_ hasHelped: Bool) { guess.store(hasHelped, ordering: .relaxed) }
}

/// A task that looks again and again, and lets others run between, before it is suspended.
///
/// Two wake-ups of threads, of the reactor's and of the pool's, cost 20 to 100 µs on each side; a peer that waits for what
/// we sent may answer in five. It is done only while that has helped, and by one task at a time: the pool has few threads.
private struct ShortLook {
  private let answersSoon: AnswersSoon
  private var start: ContinuousClock.Instant?
  private var isLooking = false

  /// For how long.
  private static let duration: Duration = .microseconds(50)

  private static let isTaken = Atomic(false)

  init(_ answersSoon: AnswersSoon) { self.answersSoon = answersSoon }

  mutating func goesOn() -> Bool {
    guard let start else {
      start = .now
      isLooking = !ProcessorCount.isOne && answersSoon.isWorthALook
      return isLooking
    }
    if isLooking, start.duration(to: .now) >= Self.duration {
      isLooking = false
      answersSoon.note(false)
    }
    return isLooking
  }

  /// It was worth it when the answer came meanwhile.
  func end() { if isLooking { answersSoon.note(true) } }

  /// Runs the look of one task at a time.
  // SAFETY: a flag around work that may also be left out; relaxed.
  static func alone(_ look: () -> Bool) -> Bool {
    guard !isTaken.exchange(true, ordering: .relaxed) else { return false }
    defer { isTaken.store(false, ordering: .relaxed) }
    return look()
  }
}
