internal import MultiprocessingSystem
internal import Synchronization

/// Inputs of one task that cross together, as in a chunk, and are answered one by one: each result or error is told before
/// the next input begins, so that the end of a worker costs the input that ran, and no other.
///
/// Run by the worker's task; `cut` by another thread, when the pool wants back what has not begun while one input takes
/// long. The answer at the end says how many inputs have begun; those behind are the pool's again, as of a chunk.
///
/// Who dies when: before an input begins, the worker notes that in its page; from that and from the results that were
/// told the pool knows which input ran, if any. What a dying worker wrote of a result that is not whole is not read.
package final class Series: Sendable {
  package typealias Tell = @Sendable (Int, Result<TransferPayload, any Error>) -> Void

  private struct State {
    /// How many have begun.
    var begun = 0
    /// Inputs from here on are the pool's again; nil before it runs.
    var end: Int?
  }

  private let state = Mutex(State())
  private let begin: @Sendable (Int) -> Void
  private let tell: Tell

  /// - Parameters:
  ///   - begin: called before each input, with how many have begun then.
  ///   - tell: called with the place of each input and what it came to.
  package init(begin: @escaping @Sendable (Int) -> Void, tell: @escaping Tell) {
    (self.begin, self.tell) = (begin, tell)
  }

  /// Runs inputs until all have begun, they were cut, the task is cancelled or `ChunkAnswer.patience` is over.
  func run<Input: Sendable, Output: Sendable>(
    _ inputs: [Input], _ coder: TransferCoder<Output>, _ format: TransferFormat,
    _ body: @Sendable @concurrent (Input) async throws -> Output
  ) async throws -> ChunkAnswer {
    state.withLock { $0.end = $0.end ?? inputs.count }
    var clock = ChunkClock()
    while let index = next() {
      let result: Result<TransferPayload, any Error>
      do {
        result = .success(try coder.encode(try await body(inputs[index]), format, spills: true))
      } catch {
        result = .failure(error)
      }
      tell(index, result)
      if Task.isCancelled || (try? clock.isOver()) ?? true { break }
    }
    let begun = cut()
    return ChunkAnswer(payload: try TransferCoder<Double>.encode(clock.nanoseconds, format), count: begun)
  }

  private func next() -> Int? {
    let index = state.withLock { state -> Int? in
      guard let end = state.end, state.begun < end else { return nil }
      defer { state.begun += 1 }
      return state.begun
    }
    if let index { begin(index + 1) }
    return index
  }

  /// No input begins any more. How many have.
  @discardableResult
  package func cut() -> Int {
    state.withLock { state in
      state.end = state.begun
      return state.begun
    }
  }
}
