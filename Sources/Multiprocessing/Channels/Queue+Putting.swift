internal import MultiprocessingSystem

// SAFETY: pointers into elements are used inside the calls that give them.

extension Queue {
  /// Puts an element, behind all that are there; waits while the queue is full.
  ///
  /// - Parameter timeout: how long to wait for space; nil for ever, zero or less not at all.
  /// - Throws: `timedOut`; `closed` when the queue is finished; `outOfMemory`; `notTransferable` when the element cannot be
  ///   encoded or holds a handle; CancellationError when the awaiting task is cancelled while it waits. Then the
  ///   element was not put.
  public func put(_ element: Element, timeout: Duration? = nil) async throws {
    let core = core
    var full: [UInt8]?
    try form.withBytes(of: element) { bytes in
      if try core.attempt(QueueCore.Patience.short, { try core.put(bytes, $0) }) == nil { full = [UInt8](bytes) }
    }
    guard let waiting = full else { return }
    try await core.wait(timeout, core.words.space) { mode in
      try waiting.withUnsafeBytes { try core.put($0, mode) }
    }
  }

  /// Puts an element if there is space now; false when the queue is full.
  ///
  /// - Throws: as `put`.
  public func tryPut(_ element: Element) throws -> Bool {
    var isPut = false
    try form.withBytes(of: element) { bytes in
      isPut = try core.attempt { try core.put(bytes, $0) } != nil
    }
    return isPut
  }

  /// Puts elements in their order, faster than one by one; others may put theirs in between. Waits while the queue is
  /// full.
  ///
  /// - Throws: as `put`; the elements before the one that failed were put.
  public func put(contentsOf elements: some Collection<Element>) async throws {
    var rest = elements[...]
    while !rest.isEmpty {
      let number = try putAtOnce(rest)
      if number > 0 {
        rest = rest.dropFirst(number)
      } else {
        let chunk = try ElementChunk(rest, form)
        try await put(chunk)
        rest = rest.dropFirst(chunk.count)
      }
    }
  }

  private func put(_ chunk: ElementChunk) async throws {
    var done = 0
    let core = core
    while done < chunk.count {
      let start = done
      done += try await core.wait(nil, core.words.space) { try chunk.put(from: start, core, $0) }
    }
  }

  /// Puts what there is space for without waiting, where elements are direct and lie in a row. Else nothing.
  private func putAtOnce(_ elements: some Collection<Element>) throws -> Int {
    let core = core
    return try putInPlace(elements) { try core.attempt(QueueCore.Patience.short, $1) } ?? 0
  }

  /// Calls `wait` for as many elements as there are, with the bytes of the next, until it says nil; nil where elements are
  /// not such.
  private func putInPlace(
    _ elements: some Collection<Element>, _ wait: (Int, (LookMode) throws -> WaitLook<Int>) throws -> Int?
  ) throws -> Int? {
    if !form.isDirect { return nil }
    return try elements.withContiguousStorageIfAvailable { buffer in
      guard let elements = buffer.baseAddress else { return 0 }
      var done = 0
      while done < buffer.count {
        let start = done
        var byteCount = 0
        try form.withBytes(at: elements + start) { byteCount = $0.count }
        let number = try wait(byteCount) { mode in
          try core.put(buffer.count - start, mode) { try form.withBytes(at: elements + start + $0, $1) }
        }
        guard let number else { break }
        done += number
      }
      return done
    }
  }
}

extension Queue {
  func putBlocking(_ element: Element, timeout: Duration?) throws {
    try form.withBytes(of: element) { bytes in
      try core.paced(timeout == nil ? bytes.count : 0) {
        try core.waitBlocking(timeout, core.words.space, core.budgets.put) { try core.put(bytes, $0) }
      }
    }
  }

  func putBlocking(contentsOf elements: some Collection<Element>) throws {
    let core = core
    let inPlace = try putInPlace(elements) { byteCount, look in
      try core.paced(byteCount) { try core.waitBlocking(nil, core.words.space, core.budgets.put, look) }
    }
    if inPlace != nil { return }
    var rest = elements[...]
    while !rest.isEmpty {
      let chunk = try ElementChunk(rest, form)
      var done = 0
      while done < chunk.count {
        done += try core.waitBlocking(nil, core.words.space, core.budgets.put) { try chunk.put(from: done, core, $0) }
      }
      rest = rest.dropFirst(chunk.count)
    }
  }
}

extension Blocking {
  /// `Queue.put`, blocking the calling thread.
  ///
  /// - Throws: `timedOut`; `closed` when the queue is finished; `outOfMemory`; `notTransferable` when the element cannot be
  ///   encoded or holds a handle. Then the element was not put.
  public func put<E>(_ element: E, timeout: Duration? = nil) throws where Base == Queue<E> {
    try base.putBlocking(element, timeout: timeout)
  }

  /// `Queue.put(contentsOf:)`, blocking the calling thread.
  ///
  /// - Throws: as `put`; the elements before the one that failed were put.
  public func put<E>(contentsOf elements: some Collection<E>) throws where Base == Queue<E> {
    try base.putBlocking(contentsOf: elements)
  }
}
