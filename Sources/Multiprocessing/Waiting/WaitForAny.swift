internal import MultiprocessingSystem

/// Waits until at least one of several things is ready.
///
/// - Parameters:
///   - waitables: children, parents, queues, connections, listeners and descriptors, mixed; one given twice comes back
///     twice. An empty list is ready never: the call then waits for its timeout.
///   - timeout: how long to wait; nil for ever. Zero or less only looks.
/// - Returns: those that are ready, in the order given; empty when the timeout passes first.
/// - Throws: `invalidArgument` for a descriptor that is not open; `system` when the wait cannot be set up; and
///   CancellationError when the awaiting task is cancelled. Nothing is consumed in any case.
public func waitForAny(
  of waitables: [any Waitable], timeout: Duration? = nil
) async throws -> [any Waitable] {
  let entries = try WaitEntries(waitables)
  let deadline = timeout.map { ContinuousClock.now + $0 }
  while true {
    let ready = try entries.ready()
    if !ready.isEmpty { return ready }
    let left = deadline.map { ContinuousClock.now.duration(to: $0) }
    if let left, left <= .zero { return [] }
    try await entries.sleep(timeout: left)
  }
}

/// What one call of `waitForAny` watches.
struct WaitEntries: Sendable {
  private let waitables: [any Waitable]
  private let sources: [WaitSource]

  init(_ waitables: [any Waitable]) throws {
    self.waitables = waitables
    sources = waitables.map(\.waitSource)
    for source in sources {
      if case .foreign(let number) = source.kind, !Polling.isOpen(number) {
        throw MultiprocessingError(
          .invalidArgument, "descriptor \(number) is not open: keep it open while it is waited for")
      }
    }
  }

  /// Those ready now.
  func ready() throws -> [any Waitable] {
    // Held while they are polled, so that no number is closed and used again.
    let looks = sources.map(\.look)
    defer { withExtendedLifetime(looks) {} }
    var result = looks.map(\.isReady)
    let polled = looks.indices.filter { looks[$0].number != nil }
    let numbers = looks.compactMap(\.number)
    do {
      for index in try Polling.wait(for: numbers, timeout: .zero) { result[polled[index]] = true }
    } catch {
      throw MultiprocessingError(doing: "waiting for any of \(numbers.count) descriptors", error)
    }
    return waitables.indices.filter { result[$0] }.map { waitables[$0] }
  }

  /// Suspends until one may be ready, or the timeout passes. A set of their own, watched as one descriptor: the cost
  /// is one registration each, and nothing is shared with other waits.
  func sleep(timeout: Duration?) async throws {
    let woken = Completion<Void>()
    // First: what is closed after this ends the wait, though its descriptor is in no set any more.
    let watches = try watchSignals(woken)
    defer { for end in watches { end() } }
    let token = try watchDescriptors(woken)
    defer { Reactor.shared.cancel(token) }
    // Level-triggered: the reactor's thread would call again and again until the watch ends, so it ends at once.
    woken.observe { _ in Reactor.shared.cancel(token) }
    if let timeout {
      _ = try await woken.wait(timeout: timeout)
    } else {
      try await woken.wait()
    }
  }

  private func watchDescriptors(_ woken: Completion<Void>) throws -> Reactor.Token {
    do {
      let set = try EventPoll()
      try register(in: set)
      return try Reactor.shared.watch(set.descriptor) { woken.resolve(()) }
    } catch {
      throw MultiprocessingError(doing: "waiting for any of \(sources.count) things", error)
    }
  }

  /// Has the signals, and the closing of what can be closed, end the wait. Returns what ends their watches.
  private func watchSignals(_ woken: Completion<Void>) throws -> [@Sendable () -> Void] {
    var ends: [@Sendable () -> Void] = []
    do {
      for source in sources {
        switch source.kind {
        case .signal(let signal): ends.append(try signal.watch { woken.resolve(()) })
        case .closable(let closable): ends.append(closable.watchClosing { woken.resolve(()) })
        case .descriptor, .foreign, .ready: break
        }
      }
    } catch {
      for end in ends { end() }
      throw error
    }
    return ends
  }

  private func register(in set: EventPoll) throws {
    for (index, source) in sources.enumerated() {
      // Held until the kernel has it: one that is closed then leaves the set by itself.
      let look = source.look
      defer { withExtendedLifetime(look) {} }
      guard let number = look.number else { continue }
      do {
        try set.add(number, key: UInt64(index))
      } catch let error as SystemError where error.isAlreadyWatched {
        continue
      }
    }
  }
}
