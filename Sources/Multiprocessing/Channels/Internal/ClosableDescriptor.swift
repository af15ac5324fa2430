internal import MultiprocessingSystem
internal import Synchronization

/// A descriptor that any number of tasks and threads wait for, and that one of them may close meanwhile.
///
/// Closing wakes every waiter; the number is given back when the last call that uses it has ended.
final class ClosableDescriptor: Sendable {
  private struct State {
    var descriptor: Descriptor?
    var waiting: [UInt64: Completion<Void>] = [:]
    var nextKey: UInt64 = 0
    /// Wakes threads that wait; made by the first of them.
    var bell: WakeUp?
    private var generation = ProcessControl.forkGeneration

    init(descriptor: Descriptor) { self.descriptor = descriptor }

    /// A forked copy has the descriptor, and neither the bell nor those who wait.
    mutating func forgetOthers() {
      guard generation != ProcessControl.forkGeneration else { return }
      (waiting, bell, generation) = ([:], nil, ProcessControl.forkGeneration)
    }
  }

  private let state: Mutex<State>
  let answersSoon = AnswersSoon()
  /// What it is, for errors: "the connection".
  private let subject: String

  init(_ descriptor: Descriptor, _ subject: String) {
    state = Mutex(State(descriptor: descriptor))
    self.subject = subject
  }

  var isClosed: Bool { state.withLock { $0.descriptor == nil } }

  /// The descriptor while it is open.
  var existing: Descriptor? { state.withLock { $0.descriptor } }

  /// - Throws: `closed`.
  func descriptor() throws -> Descriptor {
    if let descriptor = existing { return descriptor }
    throw closed
  }

  private var closed: MultiprocessingError { MultiprocessingError(.closed, "\(subject) was closed at this end") }

  /// Closes it; false when it was closed before.
  @discardableResult
  func close() -> Bool {
    let before = state.withLock { state in
      state.forgetOthers()
      defer { (state.descriptor, state.waiting) = (nil, [:]) }
      return state
    }
    for waiter in before.waiting.values { waiter.resolve(()) }
    before.bell?.signal()
    return before.descriptor != nil
  }

  /// Suspends until the direction may be open, or the end closed; false when the deadline passes first.
  func wait(for direction: Direction, until deadline: ContinuousClock.Instant?) async throws -> Bool {
    let woken = Completion<Void>()
    let (descriptor, key) = try enlist(woken)
    defer { withdraw(key) }
    let watch = try ReadinessWatch(descriptor, for: direction) { woken.resolve(()) }
    defer { watch.end() }
    // Level-triggered: the reactor's thread would call again and again until the watch ends, so it ends at once.
    woken.observe { _ in watch.end() }
    guard let deadline else {
      try await woken.wait()
      return true
    }
    return try await woken.wait(timeout: ContinuousClock.now.duration(to: deadline)) != nil
  }

  private func enlist(_ waiter: Completion<Void>) throws -> (Descriptor, UInt64) {
    let entry: (Descriptor, UInt64)? = state.withLock { state in
      guard let descriptor = state.descriptor else { return nil }
      defer { state.nextKey += 1 }
      state.waiting[state.nextKey] = waiter
      return (descriptor, state.nextKey)
    }
    if let entry { return entry }
    throw closed
  }

  private func withdraw(_ key: UInt64) { _ = state.withLock { $0.waiting.removeValue(forKey: key) } }

  /// The same on the calling thread.
  func waitBlocking(for direction: Direction, until deadline: ContinuousClock.Instant?) throws -> Bool {
    let bell = try ownBell()
    let descriptor = try descriptor()
    return try withExtendedLifetime((descriptor, bell)) {
      try Polling.wait(for: descriptor.number, direction, or: bell.descriptor.number, until: deadline)
    }
  }

  private func ownBell() throws -> WakeUp {
    let known = state.withLock { state in
      state.forgetOthers()
      return state.bell
    }
    if let known { return known }
    let fresh = try WakeUp()
    return try state.withLock { state in
      guard state.descriptor != nil else { throw closed }
      let bell = state.bell ?? fresh
      state.bell = bell
      return bell
    }
  }
}

/// One wait of the reactor's for one direction of a descriptor.
private struct ReadinessWatch: Sendable {
  private let token: Reactor.Token

  init(_ descriptor: Descriptor, for direction: Direction, handler: @escaping @Sendable () -> Void) throws {
    if direction == .reading, let token = try Self.watch(descriptor, handler) {
      self.token = token
      return
    }
    // A number can be in the reactor's set once: this wait gets a set of its own, watched as one descriptor.
    let set = try EventPoll()
    try set.add(descriptor.number, key: 0, for: direction)
    token = try Reactor.shared.watch(set.descriptor) {
      withExtendedLifetime(descriptor) { handler() }
    }
  }

  private static func watch(_ descriptor: Descriptor, _ handler: @escaping @Sendable () -> Void) throws
    -> Reactor.Token?
  {
    do {
      return try Reactor.shared.watch(descriptor, handler: handler)
    } catch let error as SystemError where error.isAlreadyWatched {
      return nil
    }
  }

  func end() { Reactor.shared.cancel(token) }
}
