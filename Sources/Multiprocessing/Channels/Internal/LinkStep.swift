internal import MultiprocessingSystem

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
    while true {
      let hasPassed = deadline.map { ContinuousClock.now >= $0 } ?? false
      switch try step(try descriptor()) {
      case .done(let result): return result
      case .wait(let direction):
        if hasPassed { return nil }
        do {
          _ = try await wait(for: direction, until: deadline)
        } catch let error as SystemError {
          throw MultiprocessingError(doing: "waiting", error)
        }
      }
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
