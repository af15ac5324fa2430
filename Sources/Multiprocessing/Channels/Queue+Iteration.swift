extension Queue {
  /// Elements as they come; ends when the queue is finished and empty.
  ///
  /// Several iterators, in any processes, share the elements between them.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let queue: Queue

    /// Takes the next element, and waits for it; nil at the end.
    ///
    /// - Throws: as `get`, but `closed`.
    public mutating func next() async throws -> Element? {
      do { return try await queue.get() } catch let error as MultiprocessingError where error.code == .closed {
        return nil
      }
    }
  }

  /// Iterates over what comes.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(queue: self) }
}
