internal import MultiprocessingSystem
internal import Synchronization

/// A value that is set once and waited for by any number of tasks and threads.
package final class Completion<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    /// The observers have seen the value: waits end.
    var isSettled = false
    var nextWaiter: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Value?, Never>] = [:]
    var observers: [@Sendable (Value) -> Void] = []
    var gate: Gate?
  }

  private let state = Mutex(State())

  package init() {}

  /// The value, once it is set. Observers may not have seen it yet.
  package var value: Value? { state.withLock { $0.value } }

  /// Whether there is a value, without taking hold of it.
  package var isSet: Bool { state.withLock { $0.value != nil } }

  /// The value, once a wait for it would end.
  private var settledValue: Value? { state.withLock { $0.isSettled ? $0.value : nil } }

  /// Sets the value and wakes every waiter; false when it was set before.
  @discardableResult
  package func resolve(_ value: Value) -> Bool {
    let observers: [@Sendable (Value) -> Void]? = state.withLock { state in
      guard state.value == nil else { return nil }
      state.value = value
      defer { state.observers = [] }
      return state.observers
    }
    guard let observers else { return false }
    // First what the library itself does with the value, so that who waits for it finds that done.
    for observer in observers { observer(value) }
    settle(value)
    return true
  }

  private func settle(_ value: Value) {
    let (waiters, gate) = state.withLock { state in
      defer { (state.isSettled, state.waiters) = (true, [:]) }
      return (Array(state.waiters.values), state.gate)
    }
    for waiter in waiters { waiter.resume(returning: value) }
    gate?.open()
  }

  /// Calls `observer` with the value, at once when it is set already, else on the thread that sets it.
  package func observe(_ observer: @escaping @Sendable (Value) -> Void) {
    let known = state.withLock { state in
      if state.value == nil { state.observers.append(observer) }
      return state.value
    }
    if let known { observer(known) }
  }

  /// Waits for the value. Throws CancellationError when the awaiting task is cancelled first.
  package func wait() async throws -> Value {
    if let settledValue { return settledValue }
    if let value = await suspend() { return value }
    throw CancellationError()
  }

  /// Waits for the value, nil when `timeout` passes first. Throws CancellationError as `wait` does, and `system` where
  /// there is nothing to measure the time with: no descriptor and no thread.
  package func wait(timeout: Duration) async throws -> Value? {
    if let settledValue { return settledValue }
    if timeout <= .zero { return value }
    if let value = try await suspend(deadline: ContinuousClock.now + timeout) { return value }
    if Task.isCancelled { throw CancellationError() }
    return value
  }

  /// Blocks the calling thread, nil when `timeout` passes first.
  @discardableResult
  package func waitBlocking(timeout: Duration? = nil) -> Value? {
    let (known, gate) = state.withLock { state -> (Value?, Gate?) in
      if state.isSettled { return (state.value, nil) }
      let gate = state.gate ?? Gate()
      state.gate = gate
      return (nil, gate)
    }
    if let known { return known }
    _ = gate?.wait(timeout: timeout)
    return value
  }

  private func suspend(deadline: ContinuousClock.Instant) async throws -> Value? {
    let id = takeNumber()
    let alarm = try Alarm(at: deadline) { [weak self] in self?.giveUp(id) }
    defer { alarm.cancel() }
    return await suspend(id, deadline)
  }

  private func suspend() async -> Value? { await suspend(takeNumber(), nil) }

  private func takeNumber() -> UInt64 {
    state.withLock { state in
      defer { state.nextWaiter += 1 }
      return state.nextWaiter
    }
  }

  private func suspend(_ id: UInt64, _ deadline: ContinuousClock.Instant?) async -> Value? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let known: Value?? = state.withLock { state in
          if state.isSettled { return .some(state.value) }
          if Task.isCancelled || deadline.map({ $0 <= ContinuousClock.now }) == true { return .some(nil) }
          state.waiters[id] = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  private func giveUp(_ id: UInt64) {
    state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: nil)
  }
}
