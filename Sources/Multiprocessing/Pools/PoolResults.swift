internal import Synchronization

/// Results as they come.
///
/// Work starts with the first iterator; a second one throws `invalidArgument`. Plain iteration throws a task's failure
/// and ends; `results` gives every outcome. Leaving the loop cancels what is left.
public struct PoolResults<Output: Sendable>: AsyncSequence, Sendable {
  let source: StreamSource<Output>

  /// Gives values; throws the first failure, and cancels the rest then.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let handle: StreamHandle<Output>

    /// The next value; nil at the end.
    ///
    /// - Throws: the task's failure; what the inputs threw; CancellationError when the awaiting task is cancelled, and
    ///   then the work is cancelled.
    public mutating func next() async throws -> Output? { try await handle.next() }
  }

  /// Starts the work.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: source.start()) }

  /// Every outcome, failures too.
  public var results: Outcomes { Outcomes(source: source) }

  /// Every outcome of a stream: a failure does not end it.
  public struct Outcomes: AsyncSequence, Sendable {
    let source: StreamSource<Output>

    /// Gives outcomes.
    public struct AsyncIterator: AsyncIteratorProtocol {
      let handle: StreamHandle<Output>

      /// The next outcome; nil at the end. When the awaiting task is cancelled, the work is cancelled, and the last
      /// outcome is CancellationError.
      public mutating func next() async -> Result<Output, any Error>? {
        do {
          return try await handle.nextOutcome()
        } catch {
          return .failure(error)
        }
      }
    }

    /// Starts the work.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: source.start()) }
  }
}

/// A stream that was started.
struct StreamWork<Output: Sendable>: Sendable {
  let run: StreamRun
  let pump: Task<Void, Never>
  let reader: ResultReader<Output>

  func end() {
    pump.cancel()
    run.cancel()
  }
}

/// What a stream is to do; started once.
final class StreamSource<Output: Sendable>: Sendable {
  typealias Begin = @Sendable () throws -> StreamWork<Output>

  private let begin: Mutex<Begin?>

  init(_ begin: @escaping Begin) { self.begin = Mutex(begin) }

  func start() -> StreamHandle<Output> {
    let begin = begin.withLock { begin in
      defer { begin = nil }
      return begin
    }
    guard let begin else { return StreamHandle(failing: Self.isUsed) }
    do {
      return StreamHandle(try begin())
    } catch {
      return StreamHandle(failing: error)
    }
  }

  private static var isUsed: MultiprocessingError {
    MultiprocessingError(
      .invalidArgument, "the results of a stream can be iterated once: keep them in an array to read them again")
  }
}

/// What an iterator holds: letting go of it ends the stream.
final class StreamHandle<Output: Sendable>: Sendable {
  private let work: StreamWork<Output>?
  /// Why there is none, until that was said.
  private let failure: Mutex<(any Error)?>
  private let hasFailed = Atomic<Bool>(false)

  init(_ work: StreamWork<Output>) {
    self.work = work
    failure = Mutex(nil)
  }

  init(failing error: any Error) {
    work = nil
    failure = Mutex(error)
  }

  deinit { work?.end() }

  /// The next value; nil at the end. A failure ends the stream.
  func next() async throws -> Output? {
    guard let work = try begun(), let result = try await next(of: work) else { return nil }
    do {
      return try work.reader.read(result)
    } catch {
      work.end()
      throw error
    }
  }

  func nextOutcome() async throws -> Result<Output, any Error>? {
    guard let work = try begun() else { return nil }
    return try await next(of: work).map(work.reader.outcome)
  }

  // SAFETY: relaxed, because one consumer sets and reads it.
  /// nil after a failure. A stream that could not be started says why once, and is at its end then.
  private func begun() throws -> StreamWork<Output>? {
    if let work { return hasFailed.load(ordering: .relaxed) ? nil : work }
    if let error = failure.withLock({ $0.take() }) { throw error }
    return nil
  }

  private func next(of work: StreamWork<Output>) async throws -> StreamRun.Outcome? {
    do {
      return try await work.run.next()
    } catch {
      // SAFETY: as in `begun`.
      hasFailed.store(true, ordering: .relaxed)
      work.end()
      throw error
    }
  }
}
