internal import MultiprocessingSystem

/// A place where a fixed number of parties wait for each other, again and again.
///
/// A party is a call of `wait`, in any process, thread or task. Unlike an `Event` it lets a round through only when all
/// have come, and then waits for the next.
///
///     let barrier = try Barrier(parties: 3)
///     let children = try (0..<3).map { _ in
///       try ChildProcess.start(barrier) { for _ in 0..<10 { try await $0.wait() } }
///     }
///
/// **When a party dies while it waits**, the barrier is broken at once for all; one that dies before it arrives is unknown
/// to the barrier, and the others wait for their timeout. A broken barrier stays so until `reset`.
public final class Barrier: Codable, Sendable {
  let state: BarrierState

  /// A new barrier.
  ///
  /// - Parameters:
  ///   - parties: how many have to come.
  ///   - timeout: for waits that name none; nil: for ever.
  /// - Throws: `invalidArgument` for fewer than 1 or more than 65,536 parties; `outOfMemory`; `unsupported` when this tree
  ///   has too many processes that use primitives; `system`.
  public init(parties: Int, timeout: Duration? = nil) throws {
    state = try BarrierState(parties: parties, timeout: timeout)
  }

  /// The barrier that another process sent.
  ///
  /// - Throws: `notTransferable` for another decoder, `unsupported` for a barrier of another tree of processes.
  public init(from decoder: any Decoder) throws { state = try BarrierState(PrimitiveMemory(from: decoder)) }

  /// Writes a reference to the barrier.
  ///
  /// - Throws: `notTransferable` for an encoder that cannot carry it.
  public func encode(to encoder: any Encoder) throws { try state.memory.encode(to: encoder) }

  /// How many have to come.
  public var parties: Int { state.parties }

  /// How many of them wait now.
  public var waitingCount: Int { state.status().waiting }

  /// Whether a timeout, an abort, a cancellation or a death broke it.
  public var isBroken: Bool { state.status().isBroken }

  /// Waits until all parties have come.
  ///
  /// - Parameters:
  ///   - timeout: when it passes first, the barrier is broken for all; nil: the barrier's own.
  ///   - action: run by the last to arrive before all are let go; if it throws, the barrier is broken for the others.
  /// - Returns: this party's number in the order of arrival, from 0.
  /// - Throws: `brokenBarrier`; what `action` throws; CancellationError when the awaiting task is cancelled, which breaks
  ///   the barrier for the others.
  @discardableResult
  public func wait(timeout: Duration? = nil, action: () throws -> Void = {}) async throws -> Int {
    let deadline = deadline(timeout)
    let arrival: BarrierState.Arrival?
    do {
      arrival = try await AsyncWait.run(on: state.drained, timeout: left(deadline), wakesAll: true) { [state] in
        try state.lookForPlace($0)
      }
    } catch {
      abort()
      throw error
    }
    let place = try place(arrival)
    if place.isLast { return try finish(place, action) }
    let hasTripped: Bool?
    do {
      hasTripped = try await AsyncWait.run(on: state.word, timeout: left(deadline), wakesAll: true) {
        [state] _ in state.look(place)
      }
    } catch {
      return try end(place, becauseOf: error)
    }
    return try end(place, hasTripped)
  }

  /// Breaks the barrier: all who wait, and who come, get `brokenBarrier` until `reset`.
  public func abort() { state.abort() }

  /// Makes the barrier as new; who waits gets `brokenBarrier`.
  public func reset() { state.reset() }

  /// The forms that block the calling thread.
  public var blocking: Blocking<Barrier> { @available(*, noasync) @inlinable get { Blocking(self) } }
}

extension Barrier {
  fileprivate func waitBlocking(timeout: Duration?, action: () throws -> Void) throws -> Int {
    let deadline = deadline(timeout)
    let table = state.memory.table
    let place = try place(
      try BlockingWait.run(in: table, until: deadline, spinning: nil) { try state.lookForPlace($0) })
    if place.isLast { return try finish(place, action) }
    let hasTripped = BlockingWait.run(in: table, until: deadline, spinning: state.budget) { _ in state.look(place) }
    return try end(place, hasTripped)
  }

  private func deadline(_ timeout: Duration?) -> UInt64? {
    if let timeout { return SharedWait.deadline(after: timeout) }
    return state.timeout == 0 ? nil : SharedWait.now + state.timeout
  }

  private func left(_ deadline: UInt64?) -> Duration? {
    deadline.map { end in
      let now = SharedWait.now
      return .nanoseconds(end > now ? end - now : 0)
    }
  }

  /// nil: its time was over before it had a place, which breaks the barrier like any other timeout.
  private func place(_ arrival: BarrierState.Arrival?) throws -> BarrierState.Place {
    if case .arrived(let place)? = arrival { return place }
    if arrival == nil { abort() }
    throw Self.broken
  }

  /// The last party's part.
  private func finish(_ place: BarrierState.Place, _ action: () throws -> Void) throws -> Int {
    defer { state.leave(place) }
    do {
      try action()
    } catch {
      _ = state.giveUp(place)
      throw error
    }
    guard state.trip(place) else { throw Self.broken }
    return place.index
  }

  /// A party's part after its wait; `hasTripped` nil: its time is over.
  private func end(_ place: BarrierState.Place, _ hasTripped: Bool?) throws -> Int {
    defer { state.leave(place) }
    guard hasTripped ?? state.giveUp(place) else { throw Self.broken }
    return place.index
  }

  /// A party's part when its wait failed, for whatever reason: its entry would keep the set from ever being empty.
  private func end(_ place: BarrierState.Place, becauseOf failure: any Error) throws -> Int {
    defer { state.leave(place) }
    guard state.giveUp(place) else { throw failure }
    return place.index
  }

  private static var broken: MultiprocessingError {
    MultiprocessingError(
      .brokenBarrier, "a timeout, an abort, a reset, a cancellation or the death of a party broke the barrier")
  }
}

extension Blocking where Base == Barrier {
  /// `Barrier.wait`, blocking the calling thread.
  ///
  /// - Throws: `brokenBarrier`; what `action` throws; `unsupported`, `outOfMemory` or `system` when a forked copy
  ///   cannot join the registry of its tree.
  @discardableResult
  public func wait(timeout: Duration? = nil, action: () throws -> Void = {}) throws -> Int {
    try base.waitBlocking(timeout: timeout, action: action)
  }
}
