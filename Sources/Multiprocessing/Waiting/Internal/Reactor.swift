package import MultiprocessingSystem
internal import Synchronization

/// The one thread of this process that waits for descriptors and deadlines.
///
/// States: *idle* (no thread, no descriptors of its own), *running*. The first watch or timer starts it; it runs until
/// the process ends, and a forked copy begins idle. Handlers run on its thread, one at a time: they must be short and
/// must not call code of the user's. The table's lock is held to look things up and to change the kernel's sets, never
/// over a handler or a system call that waits.
///
/// The kernel takes a number once into a set. So all watches of a descriptor in one direction share an entry, and those
/// for writing are in a set of their own, which the other set watches: waiting costs no descriptor.
package final class Reactor: Sendable {
  package static var shared: Reactor { perProcess.value }
  private static let perProcess = PerProcess { Reactor() }

  /// Names one watch or timer. Never used again.
  package struct Token: Hashable, Sendable {
    let key: UInt64
    /// The entry that a watch shares.
    var entry: UInt64?
  }

  fileprivate struct Engine: Sendable {
    let events: EventPoll
    let wakeUp: WakeUp
    /// Watches for writing.
    let writable: EventPoll
  }

  /// What the kernel watches.
  fileprivate struct Spot: Hashable {
    let number: Int32
    let direction: Direction
  }

  fileprivate struct Entry {
    let spot: Spot
    /// Kept open as long as it is watched, so that its number means nothing else.
    let descriptor: Descriptor
    var handlers: [UInt64: @Sendable () -> Void] = [:]
  }

  fileprivate struct State {
    var engine: Engine?
    var nextKey: UInt64 = Key.first
    var entries: [UInt64: Entry] = [:]
    var keys: [Spot: UInt64] = [:]
    var timers: [UInt64: @Sendable () -> Void] = [:]
    var deadlines = DeadlineQueue()
    /// What the thread sleeps until: a new deadline before it wakes the thread.
    var sleepsUntil: ContinuousClock.Instant?
    var isAsleep = false
  }

  private let state = Mutex(State())
  /// Held while the thread is started.
  private let starting = Mutex(false)

  /// Calls `handler` whenever the descriptor is open in a direction or at its end, until `cancel`.
  package func watch(
    _ descriptor: Descriptor, for direction: Direction = .reading, handler: @escaping @Sendable () -> Void
  ) throws -> Token {
    let engine = try startedEngine()
    let spot = Spot(number: descriptor.number, direction: direction)
    return try state.withLock { state in
      let key = state.takeKey()
      let entry = state.keys[spot] ?? key
      if entry == key {
        try engine.set(of: spot).add(spot.number, key: key, for: direction)
        state.keys[spot] = key
        state.entries[key] = Entry(spot: spot, descriptor: descriptor)
      }
      state.entries[entry]?.handlers[key] = handler
      return Token(key: key, entry: entry)
    }
  }

  /// Calls `handler` once, at the deadline or a little later.
  package func schedule(
    at deadline: ContinuousClock.Instant, handler: @escaping @Sendable () -> Void
  ) throws -> Token {
    let engine = try startedEngine()
    let (key, mustWake) = state.withLock { state in
      let key = state.takeKey()
      state.timers[key] = handler
      state.deadlines.insert(deadline, key: key)
      let mustWake = state.isAsleep && (state.sleepsUntil.map { deadline < $0 } ?? true)
      return (key, mustWake)
    }
    if mustWake { engine.wakeUp.signal() }
    return Token(key: key)
  }

  /// Ends a watch or timer. A handler that has begun on the reactor's thread may still be running.
  package func cancel(_ token: Token) {
    // Let go outside the lock: they may own what takes the lock.
    let removed = state.withLock { state in
      state.deadlines.cancel(token.key)
      let handler = token.entry.flatMap { state.entries[$0]?.handlers.removeValue(forKey: token.key) }
      let timer = state.timers.removeValue(forKey: token.key)
      return (handler, timer, state.removeEntryIfUnwatched(token.entry))
    }
    withExtendedLifetime(removed) {}
  }

  private func startedEngine() throws -> Engine {
    if let engine = state.withLock({ $0.engine }) { return engine }
    return try starting.withLock { _ in
      if let engine = state.withLock({ $0.engine }) { return engine }
      let fresh = try Engine()
      try fresh.events.add(fresh.wakeUp.descriptor.number, key: Key.wakeUp)
      try fresh.events.add(fresh.writable.descriptor.number, key: Key.writable)
      // First: nobody may leave a watch or timer to a thread that cannot be started.
      try SystemThread.start(named: "mp-reactor", sleepsInForks: true) { self.run(fresh) }
      state.withLock { $0.engine = fresh }
      return fresh
    }
  }

  private func run(_ engine: Engine) {
    while true {
      while let handler = takeDueTimer() { handler() }
      for key in engine.events.wait(timeout: beginSleep()) {
        switch key {
        case Key.wakeUp: engine.wakeUp.clear()
        case Key.writable: for key in engine.writable.wait(timeout: .zero) { callHandlers(of: key) }
        default: callHandlers(of: key)
        }
      }
      state.withLock { $0.isAsleep = false }
    }
  }

  private func callHandlers(of entry: UInt64) {
    let handlers = state.withLock { Array(($0.entries[entry]?.handlers ?? [:]).values) }
    for handler in handlers { handler() }
  }

  private func takeDueTimer() -> (@Sendable () -> Void)? {
    let now = ContinuousClock.now
    return state.withLock { state in
      while let key = state.deadlines.popDue(at: now) {
        if let handler = state.timers.removeValue(forKey: key) { return handler }
      }
      return nil
    }
  }

  private func beginSleep() -> Duration? {
    state.withLock { state in
      state.isAsleep = true
      state.sleepsUntil = state.deadlines.earliest()
      return state.sleepsUntil.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
    }
  }
}

/// Under which the kernel's sets name what they watch.
private enum Key {
  static let wakeUp: UInt64 = 0
  static let writable: UInt64 = 1
  /// The first of watches and timers.
  static let first: UInt64 = 2
}

extension Reactor.Engine {
  fileprivate init() throws {
    (events, wakeUp, writable) = (try EventPoll(), try WakeUp(), try EventPoll())
  }

  fileprivate func set(of spot: Reactor.Spot) -> EventPoll { spot.direction == .reading ? events : writable }
}

extension Reactor.State {
  /// Returns what is removed.
  fileprivate mutating func removeEntryIfUnwatched(_ key: UInt64?) -> Reactor.Entry? {
    guard let key, let entry = entries[key], entry.handlers.isEmpty else { return nil }
    engine?.set(of: entry.spot).remove(entry.spot.number)
    keys[entry.spot] = nil
    return entries.removeValue(forKey: key)
  }

  fileprivate mutating func takeKey() -> UInt64 {
    defer { nextKey += 1 }
    return nextKey
  }
}
