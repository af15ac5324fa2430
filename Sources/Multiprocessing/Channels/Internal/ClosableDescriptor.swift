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
  let spinning = SpinBudget()
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
    let end = try watch(direction, until: deadline, woken)
    defer { end() }
    guard let deadline else {
      try await woken.wait()
      return true
    }
    let isWoken = try await woken.wait(timeout: ContinuousClock.now.duration(to: deadline)) != nil
    return isWoken && ContinuousClock.now < deadline
  }

  /// Not in the waiting function, whose frame would keep the descriptor open while it is suspended.
  ///
  /// - Returns: what ends the watch.
  private func watch(
    _ direction: Direction, until deadline: ContinuousClock.Instant?, _ woken: Completion<Void>
  ) throws -> @Sendable () -> Void {
    let (descriptor, key) = try enlist(woken)
    do {
      let unwatch =
        try watchInReactor(descriptor, direction, woken) ?? pollOnThread(direction, until: deadline, woken)
      return {
        unwatch()
        self.withdraw(key)
      }
    } catch {
      withdraw(key)
      throw error
    }
  }

  /// Nil where not even the reactor finds a descriptor.
  private func watchInReactor(
    _ descriptor: Descriptor, _ direction: Direction, _ woken: Completion<Void>
  ) throws -> (@Sendable () -> Void)? {
    do {
      let token = try Reactor.shared.watch(descriptor, for: direction) { woken.resolve(()) }
      // Level-triggered: the reactor's thread would call again and again until the watch ends, so it ends at once.
      woken.observe { _ in Reactor.shared.cancel(token) }
      return { Reactor.shared.cancel(token) }
    } catch let error as SystemError where error.isOutOfDescriptors {
      return nil
    }
  }

  /// Has a thread look again and again, for as long as `woken` is not set.
  private func pollOnThread(
    _ direction: Direction, until deadline: ContinuousClock.Instant?, _ woken: Completion<Void>
  ) throws -> @Sendable () -> Void {
    try SystemThread.start(named: "mp-poll") { [weak self] in
      while woken.value == nil, let descriptor = self?.existing {
        let (now, end) = (ContinuousClock.now, deadline ?? .now + .seconds(3600))
        let isOpen = try? Polling.wait(
          for: descriptor.number, direction, or: -1, until: min(end, now + Self.pollingPeriod))
        if isOpen != false || now >= end { break }
      }
      woken.resolve(())
    }
    return { woken.resolve(()) }
  }

  private static let pollingPeriod: Duration = .milliseconds(10)

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
    // Without a bell it looks again by itself whether the end is closed.
    let soon = bell == nil ? ContinuousClock.now + Self.pollingPeriod : nil
    let until = [deadline, soon].compactMap(\.self).min()
    return try withExtendedLifetime((descriptor, bell)) {
      try Polling.wait(for: descriptor.number, direction, or: bell?.descriptor.number ?? -1, until: until)
    }
  }

  /// Nil where no descriptor is left for it.
  private func ownBell() throws -> WakeUp? {
    let known = state.withLock { state in
      state.forgetOthers()
      return state.bell
    }
    if let known { return known }
    let fresh: WakeUp
    do { fresh = try WakeUp() } catch let error as SystemError where error.isOutOfDescriptors { return nil }
    return try state.withLock { state in
      guard state.descriptor != nil else { throw closed }
      let bell = state.bell ?? fresh
      state.bell = bell
      return bell
    }
  }
}

extension ClosableDescriptor: ClosableSource {
  func watchClosing(_ notify: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
    let closing = Completion<Void>()
    closing.observe { _ in notify() }
    guard let (_, key) = try? enlist(closing) else {
      notify()
      return {}
    }
    return { self.withdraw(key) }
  }
}
