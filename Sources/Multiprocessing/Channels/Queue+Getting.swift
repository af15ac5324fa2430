internal import MultiprocessingSystem

// SAFETY: elements are made of bytes as `ElementForm` does it; the buffer is written below its capacity only.

extension Queue {
  /// Takes the first element; waits while there is none.
  ///
  /// - Parameter timeout: how long to wait for an element; nil for ever, zero or less not at all.
  /// - Throws: `timedOut`; `closed` when the queue is finished and empty; `notTransferable` when the element cannot be
  ///   decoded: it is gone, and the queue goes on; CancellationError when the awaiting task is cancelled while it waits.
  public func get(timeout: Duration? = nil) async throws -> Element {
    if let element = try tryGet() { return element }
    return try form.finish(await take(timeout))
  }

  private func take(_ timeout: Duration?) async throws -> ElementForm<Element>.Taken {
    let (core, form) = (core, form)
    return try await core.wait(timeout, core.words.items) { mode in
      var taken = ElementForm<Element>.Taken.damaged
      return try core.take(mode) { taken = form.take($0) }.map { taken }
    }
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
    var taken = ElementForm<Element>.Taken.damaged
    let found: Void? = try core.attempt { try core.take($0) { taken = form.take($0) } }
    return try found.map { try form.finish(taken) }
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
    let most = Swift.min(limit, Swift.max(core.words.count, 1))
    guard let size = form.size else { return try takeDecoding(most) }
    return try [Element](unsafeUninitializedCapacity: most) { buffer, count in
      guard let memory = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      count = try takeBytes(most, size: size, to: memory)
    }
  }

  private func takeBytes(_ limit: Int, size: Int, to memory: UnsafeMutableRawPointer) throws -> Int {
    let stride = MemoryLayout<Element>.stride
    var isDamaged = false
    let count = try core.takeSessions(limit) { index, bytes in
      if bytes.count != size { isDamaged = true }
      (memory + index * stride).copyBytes(of: bytes, atMost: size)
    }
    if isDamaged { throw ElementForm<Element>.damaged }
    return count
  }

  private func takeDecoding(_ limit: Int) throws -> [Element] {
    var taken: [ElementForm<Element>.Taken] = []
    _ = try core.takeSessions(limit) { _, bytes in taken.append(form.take(bytes)) }
    return try taken.map(form.finish)
  }

  func getBlocking(timeout: Duration?) throws -> Element {
    guard let size = form.size else { return try form.finish(takeBlocking(timeout)) }
    let (byteCount, alignment) = (MemoryLayout<Element>.stride, MemoryLayout<Element>.alignment)
    return try withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: alignment) { buffer in
      let memory = buffer.baseAddress!
      var found = 0
      try core.waitBlocking(timeout, core.words.items, core.budgets.get) { mode in
        try core.take(mode) { bytes in
          found = bytes.count
          memory.copyBytes(of: bytes, atMost: size)
        }
      }
      if found != size { throw ElementForm<Element>.damaged }
      return memory.load(as: Element.self)
    }
  }

  private func takeBlocking(_ timeout: Duration?) throws -> ElementForm<Element>.Taken {
    var taken = ElementForm<Element>.Taken.damaged
    try core.waitBlocking(timeout, core.words.items, core.budgets.get) { mode in
      try core.take(mode) { taken = form.take($0) }
    }
    return taken
  }

  func getBlocking(upTo limit: Int, timeout: Duration?) throws -> [Element] {
    try check(limit)
    let elements = try takeAtOnce(limit)
    if !elements.isEmpty { return elements }
    return try [getBlocking(timeout: timeout)] + rest(limit - 1)
  }
}

extension UnsafeMutableRawPointer {
  // SAFETY: whoever calls this has room for `size` bytes here.
  @inline(__always)
  fileprivate func copyBytes(of bytes: UnsafeRawBufferPointer, atMost size: Int) {
    if size == 8, bytes.count == 8 {
      storeBytes(of: bytes.loadUnaligned(as: UInt64.self), as: UInt64.self)
    } else if let source = bytes.baseAddress {
      copyMemory(from: source, byteCount: min(size, bytes.count))
    }
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
