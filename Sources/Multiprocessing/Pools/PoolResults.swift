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
    public mutating func next() async throws -> Output? { try await handle.next()?.getOrEnd(handle) }
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
          return try await handle.next()
        } catch {
          return .failure(error)
        }
      }
    }

    /// Starts the work.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: source.start()) }
  }
}

/// What a stream is to do; started once.
final class StreamSource<Output: Sendable>: Sendable {
  typealias Begin = @Sendable () throws -> (run: StreamRun<Output>, pump: Task<Void, Never>)

  private let begin: Mutex<Begin?>

  init(_ begin: @escaping Begin) { self.begin = Mutex(begin) }

  func start() -> StreamHandle<Output> {
    let begin = begin.withLock { begin in
      defer { begin = nil }
      return begin
    }
    guard let begin else {
      let error = MultiprocessingError(
        .invalidArgument, "the results of a stream can be iterated once: keep them in an array to read them again")
      return StreamHandle(.failure(error))
    }
    return StreamHandle(Result { try begin() })
  }
}

/// What an iterator holds: letting go of it ends the stream.
final class StreamHandle<Output: Sendable>: Sendable {
  private let work: Result<(run: StreamRun<Output>, pump: Task<Void, Never>), any Error>
  private let hasFailed = Mutex(false)

  init(_ work: Result<(run: StreamRun<Output>, pump: Task<Void, Never>), any Error>) { self.work = work }

  deinit { end() }

  func end() {
    guard case .success(let work) = work else { return }
    work.pump.cancel()
    work.run.cancel()
  }

  func next() async throws -> Result<Output, any Error>? {
    // A stream that could not be started says why once, and is at its end then.
    if hasFailed.withLock({ $0 }) { return nil }
    do {
      return try await work.get().run.next()
    } catch {
      hasFailed.withLock { $0 = true }
      end()
      throw error
    }
  }
}

extension Result {
  /// The value; a failure ends the stream first.
  fileprivate func getOrEnd<Output>(_ handle: StreamHandle<Output>) throws -> Success {
    if case .failure = self { handle.end() }
    return try get()
  }
}
