internal import MultiprocessingSystem

// SAFETY: `ElementForm.make` leaves an element in each place that it is called with; those are below the capacity.

extension Queue {
  /// Takes the first element; waits while there is none.
  ///
  /// - Parameter timeout: how long to wait for an element; nil for ever, zero or less not at all.
  /// - Throws: `timedOut`; `closed` when the queue is finished and empty; `notTransferable` when the element cannot be
  ///   decoded: it is gone, and the queue goes on; CancellationError when the awaiting task is cancelled while it waits.
  public func get(timeout: Duration? = nil) async throws -> Element {
    if let element = try takeFirst(QueueCore.Patience.short) { return element }
    return try await take(timeout).element(form)
  }

  private func take(_ timeout: Duration?) async throws -> TakenElement<Element> {
    let (core, form) = (core, form)
    return try await core.wait(timeout, core.words.items) { mode in
      var taken = TakenElement<Element>.damaged
      return try core.take(mode) { taken = TakenElement($0, form) }.map { taken }
    }
  }

  /// Takes what there is, at least one element and at most `limit`; waits while there is none.
  ///
  /// - Throws: as `get`; `invalidArgument` for a limit below 1. What cannot be decoded fails a call alone: elements before
  ///   it are returned, and the next get of this process throws.
  public func get(upTo limit: Int, timeout: Duration? = nil) async throws -> [Element] {
    try check(limit)
    let elements = try takeAtOnce(limit)
    if !elements.isEmpty { return elements }
    let first = try await take(timeout).element(form)
    return [first] + rest(limit - 1)
  }

  /// Takes the first element if there is one now; nil where there is none, and not yet the end.
  ///
  /// - Throws: as `get`.
  public func tryGet() throws -> Element? { try takeFirst(QueueCore.Patience.long) }

  private func takeFirst(_ patience: UInt64) throws -> Element? {
    if !form.isDirect { try core.refusal.throwOnce() }
    var taken: TakenElement<Element>?
    _ = try core.attempt(patience) { try core.take($0) { taken = TakenElement($0, form) } }
    return try taken.map { try $0.element(form) }
  }

  private func check(_ limit: Int) throws {
    if limit < 1 { throw MultiprocessingError(.invalidArgument, "a get of up to \(limit) elements: 1 or more") }
  }

  /// More elements after a first, without waiting. What fails, and the end of the queue, is for the next call.
  private func rest(_ limit: Int) -> [Element] {
    limit > 0 ? (try? takeAtOnce(limit, isBehindOthers: true)) ?? [] : []
  }

  /// What there is, without waiting. One that is damaged or cannot be decoded is an error where it is the first, and ends
  /// the elements where it is not: then it is an error of the next call.
  private func takeAtOnce(_ limit: Int, isBehindOthers: Bool = false) throws -> [Element] {
    let most = Swift.min(limit, Swift.max(core.words.count, 1))
    if !form.isDirect { return try takeDecoding(most, isBehindOthers) }
    var (isWhole, made) = (true, 0)
    let elements = try [Element](unsafeUninitializedCapacity: most) { buffer, count in
      guard let memory = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      let stride = MemoryLayout<Element>.stride
      // Those that were made and not taken.
      defer { (buffer.baseAddress! + count).deinitialize(count: made - count) }
      count = try core.takeSessions(most, QueueCore.Patience.short) { index, bytes in
        let isGood = form.make(bytes, at: memory + index * stride)
        made = index + 1
        if isGood { return .next }
        if index > 0 || isBehindOthers { return .leave }
        isWhole = false
        return .last
      }
    }
    if !isWhole { throw ElementForm<Element>.damaged }
    return elements
  }

  /// One by one, for what cannot be decoded must not take others with it.
  private func takeDecoding(_ limit: Int, _ isBehindOthers: Bool) throws -> [Element] {
    if !isBehindOthers { try core.refusal.throwOnce() }
    var elements: [Element] = []
    while elements.count < limit {
      do {
        var taken: [UInt8]?
        _ = try core.attempt(QueueCore.Patience.short) { try core.take($0) { taken = [UInt8]($0) } }
        guard let taken else { break }
        elements.append(try decode(taken, isBehindOthers: isBehindOthers || !elements.isEmpty))
      } catch {
        // What was taken is for this call, the error for the next.
        if elements.isEmpty { throw error }
        break
      }
    }
    return elements
  }

  private func decode(_ bytes: [UInt8], isBehindOthers: Bool) throws -> Element {
    do { return try form.decode(bytes) } catch {
      if isBehindOthers { core.refusal.note(error) }
      throw error
    }
  }
}

extension Queue {
  func getBlocking(timeout: Duration?) throws -> Element {
    if !form.isDirect { return try decodeBlocking(timeout) }
    let (byteCount, alignment) = (MemoryLayout<Element>.stride, MemoryLayout<Element>.alignment)
    // The other way asks for the metadata of a type that depends on this one: a third of what a small get costs.
    if byteCount <= MemoryLayout<SmallElement>.size, alignment <= MemoryLayout<SmallElement>.alignment {
      var memory: SmallElement = (0, 0, 0, 0)
      return try withUnsafeMutableBytes(of: &memory) { try takeBlocking(timeout, by: $0.baseAddress!) }
    }
    return try withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: alignment) {
      try takeBlocking(timeout, by: $0.baseAddress!)
    }
  }

  private typealias SmallElement = (UInt64, UInt64, UInt64, UInt64)

  /// Takes a direct element by way of memory that has room for it.
  @inline(__always)
  private func takeBlocking(_ timeout: Duration?, by memory: UnsafeMutableRawPointer) throws -> Element {
    var (isWhole, isMade) = (false, false)
    do {
      try core.waitBlocking(timeout, core.words.items, core.budgets.get) { mode in
        try core.take(mode) { (isWhole, isMade) = (form.make($0, at: memory), true) }
      }
    } catch {
      // It stays in the queue.
      if isMade { memory.assumingMemoryBound(to: Element.self).deinitialize(count: 1) }
      throw error
    }
    let element = memory.assumingMemoryBound(to: Element.self).move()
    if !isWhole { throw ElementForm<Element>.damaged }
    return element
  }

  private func decodeBlocking(_ timeout: Duration?) throws -> Element {
    try core.refusal.throwOnce()
    var taken: [UInt8] = []
    try core.waitBlocking(timeout, core.words.items, core.budgets.get) { mode in
      try core.take(mode) { taken = [UInt8]($0) }
    }
    return try form.decode(taken)
  }

  func getBlocking(upTo limit: Int, timeout: Duration?) throws -> [Element] {
    try check(limit)
    let elements = try takeAtOnce(limit)
    if !elements.isEmpty { return elements }
    return [try getBlocking(timeout: timeout)] + rest(limit - 1)
  }
}

extension Blocking {
  /// `Queue.get`, blocking the calling thread.
  ///
  /// - Throws: `timedOut`; `closed` when the queue is finished and empty; `notTransferable` when the element cannot be
  ///   decoded: it is gone, and the queue goes on.
  public func get<E>(timeout: Duration? = nil) throws -> E where Base == Queue<E> {
    try base.getBlocking(timeout: timeout)
  }

  /// `Queue.get(upTo:)`, blocking the calling thread.
  ///
  /// - Throws: as `get`; `invalidArgument` for a limit below 1. What cannot be decoded fails a call alone: elements before
  ///   it are returned, and the next get of this process throws.
  public func get<E>(upTo limit: Int, timeout: Duration? = nil) throws -> [E] where Base == Queue<E> {
    try base.getBlocking(upTo: limit, timeout: timeout)
  }
}
