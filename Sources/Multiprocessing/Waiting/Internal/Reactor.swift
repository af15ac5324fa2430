package import MultiprocessingSystem
internal import Synchronization

/// The one thread of this process that waits for descriptors and deadlines.
///
/// States: *idle* (no thread, no descriptors of its own), *running*. The first watch or timer starts it; it runs until
/// the process ends, and a forked copy begins idle. Handlers run on its thread, one at a time: they must be short and
/// must not call code of the user's. The table's lock is held only to look things up, never over a handler or a
/// system call that waits.
package final class Reactor: Sendable {
  package static var shared: Reactor { perProcess.value }
  private static let perProcess = PerProcess { Reactor() }

  /// Names one watch or timer. Never used again.
  package struct Token: Hashable, Sendable { let key: UInt64 }

  fileprivate struct Engine: Sendable {
    let events: EventPoll
    let wakeUp: WakeUp
  }

  fileprivate struct Watch {
    /// Kept open as long as it is watched, so that its number means nothing else.
    let descriptor: Descriptor
    let handler: @Sendable () -> Void
  }

  fileprivate struct State {
    var engine: Engine?
    var nextKey: UInt64 = 1
    var watches: [UInt64: Watch] = [:]
    var timers: [UInt64: @Sendable () -> Void] = [:]
    var deadlines = DeadlineQueue()
    /// What the thread sleeps until: a new deadline before it wakes the thread.
    var sleepsUntil: ContinuousClock.Instant?
    var isAsleep = false
  }

  private let state = Mutex(State())

  /// Calls `handler` whenever the descriptor is readable or at its end, until `cancel`.
  package func watch(_ descriptor: Descriptor, handler: @escaping @Sendable () -> Void) throws -> Token {
    let engine = try startedEngine()
    let key = state.withLock { state in
      let key = state.takeKey()
      state.watches[key] = Watch(descriptor: descriptor, handler: handler)
      return key
    }
    do {
      try engine.events.add(descriptor.number, key: key)
    } catch {
      _ = state.withLock { $0.watches.removeValue(forKey: key) }
      throw error
    }
    return Token(key: key)
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
    let (watch, engine, timer) = state.withLock { state in
      state.deadlines.cancel(token.key)
      return (state.watches.removeValue(forKey: token.key), state.engine, state.timers.removeValue(forKey: token.key))
    }
    if let watch { engine?.events.remove(watch.descriptor.number) }
    withExtendedLifetime(timer) {}  // let go outside the lock: it may own what takes the lock
  }

  private func startedEngine() throws -> Engine {
    if let engine = state.withLock({ $0.engine }) { return engine }
    let fresh = Engine(events: try EventPoll(), wakeUp: try WakeUp())
    try fresh.events.add(fresh.wakeUp.descriptor.number, key: 0)
    let (engine, isOurs) = state.withLock { state in
      if let engine = state.engine { return (engine, false) }
      state.engine = fresh
      return (fresh, true)
    }
    guard isOurs else { return engine }
    do {
      try SystemThread.start(named: "mp-reactor") { self.run(engine) }
    } catch {
      state.withLock { $0.engine = nil }
      throw error
    }
    return engine
  }

  private func run(_ engine: Engine) {
    while true {
      while let handler = takeDueTimer() { handler() }
      for key in engine.events.wait(timeout: beginSleep()) {
        if key == 0 {
          engine.wakeUp.clear()
        } else if let handler = state.withLock({ $0.watches[key]?.handler }) {
          handler()
        }
      }
      state.withLock { $0.isAsleep = false }
    }
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

extension Reactor.State {
  fileprivate mutating func takeKey() -> UInt64 {
    defer { nextKey += 1 }
    return nextKey
  }
}
