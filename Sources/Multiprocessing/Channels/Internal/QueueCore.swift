internal import MultiprocessingSystem

/// A queue of byte strings: what is the same for elements of all types.
///
/// Everything that waits is a look (`WaitLook`): it takes the latch if that is free, does its work if there is something
/// to do, and else says what to sleep on.
final class QueueCore: Sendable {
  let memory: QueueMemory
  /// Those of `memory`.
  let words: QueueWords
  let ledger: QueueLedger?
  /// How long puts and gets spin before they sleep. Nil: not at all. Who finds a large queue full sleeps at once: until it
  /// is awake there is room for many, while one that spins gets each place as soon as it is free, at a cache line's price.
  let budgets: (put: SpinBudget?, get: SpinBudget?)
  private static let large = 64
  let pace = QueuePace()
  let refusal = ElementRefusal()

  init(_ memory: QueueMemory) {
    self.memory = memory
    words = memory.words
    budgets = (memory.words.capacity < Self.large ? SpinBudget() : nil, SpinBudget())
    ledger = memory.tracksCompletion ? QueueLedger(memory) : nil
  }

  /// What was found under a latch.
  enum Outcome<Result> {
    case done(Result)
    /// Nothing to do, with the other side's mark.
    case nothing(QueueMark)
  }

  static let closed = MultiprocessingError(.closed, "the queue is finished")

  /// Looks; where there is nothing to do and sleep follows, says so in the bell and looks once more.
  @inline(__always)
  func look<Result>(
    _ mode: LookMode, _ bell: QueueBell, otherSide: SharedLongWord, _ attempt: () throws -> WaitLook<Outcome<Result>>
  ) throws -> WaitLook<Result> {
    var announced: UInt32?
    while true {
      switch try attempt() {
      case .sleep(let word, let value): return .sleep(word, value)
      case .done(.done(let result)): return .done(result)
      case .done(.nothing(let mark)):
        if let announced { return .sleep(bell.word, announced) }
        // The lower half of a mark is the number of items: it changes with each.
        if !mode.announces { return .sleep(otherSide.lowerHalf, UInt32(truncatingIfNeeded: mark.bits)) }
        announced = bell.announce()
      }
    }
  }

  /// No more puts. Who waits looks again.
  func finish() {
    // So that a death between the steps is noticed.
    _ = try? ProcessRegistry.ownID()
    var found = words.tailWord.load()
    while !QueueMark(bits: found).isFinished {
      if words.tailWord.exchange(&found, for: QueueMark(bits: found).finished.bits) { break }
    }
    words.items.ringAll()
    words.space.ringAll()
  }

  /// Gives memory back after items were taken, if the producers' latch is free.
  func tidy() {
    _ = try? words.producerLatch.look(LookMode(announces: false, hasSlept: false), recover: recoverProducers) {
      let circle = SegmentCircle(memory: memory)
      return .done(try circle.trim(from: circle.checked(words.segmentWord.load()), head: words.head.place))
    }
  }

  /// After a death under the producers' latch.
  func recoverProducers() {
    // Where that cannot be done the queue is damaged, and the next put says so.
    do { try SegmentCircle(memory: memory).repair() } catch { words.limitWord.store(0) }
  }

  /// After a death under the consumers' latch.
  func recoverConsumers() { ledger?.repair() }
}
