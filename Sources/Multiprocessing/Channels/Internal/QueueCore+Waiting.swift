internal import MultiprocessingSystem

extension QueueCore {
  /// How long a call that does not wait for items waits for a latch, in nanoseconds.
  enum Patience {
    /// One that is held longer is so by a process that was stopped.
    static let long: UInt64 = 50_000_000
    /// For tasks that can wait otherwise: their thread is wanted.
    static let short: UInt64 = 10_000
  }

  /// Looks without waiting for items or space; nil where there is nothing to do.
  @inline(__always)
  func attempt<Result>(
    _ patience: UInt64 = Patience.long, _ look: (LookMode) throws -> WaitLook<Result>
  ) throws -> Result? {
    let mode = LookMode(announces: false, hasSlept: false)
    switch try look(mode) {
    case .done(let result): return result
    case .sleep(let word, let value): return isLatch(word) ? try retry(patience, look, word, value) : nil
    }
  }

  private func isLatch(_ word: SharedWord) -> Bool {
    word.key == words.longWord(at: QueueWords.producerLatchPlace).lowerHalf.key
      || word.key == words.longWord(at: QueueWords.consumerLatchPlace).lowerHalf.key
  }

  private func retry<Result>(
    _ patience: UInt64, _ look: (LookMode) throws -> WaitLook<Result>, _ word: SharedWord, _ value: UInt32
  ) throws -> Result? {
    let deadline = SharedWait.now + patience
    var (word, value) = (word, value)
    while true {
      if SharedWait.spin(on: word, while: value, count: 256) == nil {
        let now = SharedWait.now
        if now >= deadline { return nil }
        // Not announced, so that nobody need wake it: it looks again by itself.
        _ = SharedWait.sleep(on: [.init(word, value)], until: now + 200_000)
      }
      switch try look(LookMode(announces: false, hasSlept: false)) {
      case .done(let result): return result
      case .sleep(let next, let found):
        if !isLatch(next) { return nil }
        (word, value) = (next, found)
      }
    }
  }

  /// Blocks the calling thread until a look is done.
  ///
  /// - Throws: `timedOut`; what `look` throws.
  @inline(__always)
  func waitBlocking<Result>(
    _ timeout: Duration?, _ bell: QueueBell, _ budget: SpinBudget?, _ look: (LookMode) throws -> WaitLook<Result>
  ) throws -> Result {
    if case .done(let result) = try look(LookMode(announces: false, hasSlept: false)) { return result }
    return try waitBlockingSlowly(timeout, bell, budget, look)
  }

  private func waitBlockingSlowly<Result>(
    _ timeout: Duration?, _ bell: QueueBell, _ budget: SpinBudget?, _ look: (LookMode) throws -> WaitLook<Result>
  ) throws -> Result {
    if let timeout, timeout <= .zero {
      if let result = try attempt(Patience.long, look) { return result }
      throw Self.timedOut
    }
    let deadline = timeout.map(SharedWait.deadline(after:))
    do {
      if let result = try BlockingWait.run(in: memory.table, until: deadline, spinning: budget, look) { return result }
    } catch {
      passOn(bell)
      throw error
    }
    passOn(bell)
    throw Self.timedOut
  }

  /// Suspends the task until a look is done.
  ///
  /// - Throws: `timedOut`; CancellationError; what `look` throws.
  func wait<Result: Sendable>(
    _ timeout: Duration?, _ bell: QueueBell, _ look: @escaping @Sendable (LookMode) throws -> WaitLook<Result>
  ) async throws -> Result {
    if let timeout, timeout <= .zero {
      if let result = try attempt(Patience.long, look) { return result }
      throw Self.timedOut
    }
    do {
      let passOn = { @Sendable in self.passOn(bell) }
      if let result = try await AsyncWait.run(on: bell.word, timeout: timeout, passingOn: passOn, look) {
        return result
      }
    } catch {
      passOn(bell)
      throw error
    }
    passOn(bell)
    throw Self.timedOut
  }

  /// Who leaves may have been woken for something that it does not take: that is for the next.
  func passOn(_ bell: QueueBell) { bell.ring(1) }

  static let timedOut = MultiprocessingError(.timedOut, "the queue's timeout passed")
}
