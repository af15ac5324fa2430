internal import MultiprocessingSystem

// SAFETY: elements are made of bytes as `ElementForm` does it; the buffer is written below its capacity only.

extension Queue {
  /// Takes the first element; waits while there is none.
  ///
  /// - Parameter timeout: how long to wait for an element; nil for ever, zero or less not at all.
  /// - Throws: `timedOut`; `closed` when the queue is finished and empty; `notTransferable` when the element cannot be
  ///   decoded: it is gone, and the queue goes on; CancellationError when the awaiting task is cancelled while it waits.
  public func get(timeout: Duration? = nil) async throws -> Element {
    let taken = try core.attempt { try core.take($0, form.take) }
    if let taken { return try form.finish(taken) }
    return try form.finish(await take(timeout))
  }

  private func take(_ timeout: Duration?) async throws -> ElementForm<Element>.Taken {
    let (core, form) = (core, form)
    return try await core.wait(timeout, core.memory.items) { try core.take($0, form.take) }
  }

  /// Takes what there is, at least one element and at most `limit`; waits while there is none.
  ///
  /// - Throws: as `get`; `invalidArgument` for a limit below 1. What cannot be decoded fails the call with all that it took.
  public func get(upTo limit: Int, timeout: Duration? = nil) async throws -> [Element] {
    try check(limit)
    let elements = try takeAtOnce(limit)
    if !elements.isEmpty { return elements }
    let first = try form.finish(await take(timeout))
    return try [first] + rest(limit - 1)
  }

  /// Takes the first element if there is one now; nil where there is none, and not yet the end.
  ///
  /// - Throws: as `get`.
  public func tryGet() throws -> Element? {
    try core.attempt { try core.take($0, form.take) }.map(form.finish)
  }

  private func check(_ limit: Int) throws {
    if limit < 1 { throw MultiprocessingError(.invalidArgument, "a get of up to \(limit) elements: 1 or more") }
  }

  /// More elements after a first, without waiting. The end of the queue is for the next call.
  private func rest(_ limit: Int) throws -> [Element] {
    do { return limit > 0 ? try takeAtOnce(limit) : [] } catch let error as MultiprocessingError
      where error.code == .closed
    {
      return []
    }
  }

  /// What there is, without waiting.
  private func takeAtOnce(_ limit: Int) throws -> [Element] {
    let most = Swift.min(limit, Swift.max(core.memory.count, 1))
    guard let size = form.size else { return try takeDecoding(most) }
    return try [Element](unsafeUninitializedCapacity: most) { buffer, count in
      guard let memory = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      count = try takeBytes(most, size: size, to: memory)
    }
  }

  private func takeBytes(_ limit: Int, size: Int, to memory: UnsafeMutableRawPointer) throws -> Int {
    try core.takeSessions(limit) { index, bytes in
      guard bytes.count == size else { throw QueueMemory.damaged }
      let place = memory + index * MemoryLayout<Element>.stride
      if let source = bytes.baseAddress { place.copyMemory(from: source, byteCount: size) }
    }
  }

  private func takeDecoding(_ limit: Int) throws -> [Element] {
    var taken: [ElementForm<Element>.Taken] = []
    _ = try core.takeSessions(limit) { _, bytes in taken.append(try form.take(bytes)) }
    return try taken.map(form.finish)
  }

  func getBlocking(timeout: Duration?) throws -> Element {
    try form.finish(
      core.waitBlocking(timeout, core.memory.items, core.budgets.get) { try core.take($0, form.take) })
  }

  func getBlocking(upTo limit: Int, timeout: Duration?) throws -> [Element] {
    try check(limit)
    let elements = try takeAtOnce(limit)
    if !elements.isEmpty { return elements }
    return try [getBlocking(timeout: timeout)] + rest(limit - 1)
  }
}

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

extension Blocking {
  /// `Queue.get`, blocking the calling thread.
  public func get<E>(timeout: Duration? = nil) throws -> E where Base == Queue<E> {
    try base.getBlocking(timeout: timeout)
  }

  /// `Queue.get(upTo:)`, blocking the calling thread.
  public func get<E>(upTo limit: Int, timeout: Duration? = nil) throws -> [E] where Base == Queue<E> {
    try base.getBlocking(upTo: limit, timeout: timeout)
  }
}
