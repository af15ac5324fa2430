internal import MultiprocessingSystem
internal import Synchronization

/// One asynchronous wait for a condition, until the lock is held again.
///
/// All of it is one wait of a lane's, which knows it before the lock is given up. So the lock is waited for by what there is
/// already: nothing can fail any more.
final class ConditionWait: Sendable {
  /// How it ended, with the lock held.
  struct End: Sendable {
    var isNotified: Bool
    var take: Lock.Take
    /// What ended it before it was notified.
    var failure: (any Error)?
  }

  private struct State {
    /// Once it is known, the lock is what is waited for.
    var isNotified: Bool?
    /// Its time is over, or its task is cancelled.
    var givesUp = false
  }

  private let condition: ConditionState
  private let lock: Lock
  private let own: OwnerID
  private let place: ConditionState.Place
  private let takeovers: UInt32
  private let state = Mutex(State())
  private let end = Completion<End>()

  /// Takes a place in line; the lock is held.
  init(_ condition: ConditionState, _ lock: Lock, _ own: OwnerID) {
    (self.condition, self.lock, self.own) = (condition, lock, own)
    place = condition.enlist(own)
    takeovers = lock.takeovers.load()
  }
}

extension ConditionWait {
  /// Gives up the lock, waits for a notification, and takes the lock again.
  ///
  /// - Throws: `notOwner` or `system`, before the lock was given up.
  func run(timeout: Duration?) async throws -> End {
    let lane = try begin()
    var failure: (any Error)?
    do {
      if let timeout { _ = try await end.wait(timeout: timeout) } else { _ = try await end.wait() }
    } catch {
      failure = error
    }
    if end.value == nil {
      state.withLock { $0.givesUp = true }
      lane.lookAgain()
    }
    var end = await endInAnyCase()
    if end.isNotified { condition.leave(place) } else { end.failure = failure }
    return end
  }

  private func begin() throws -> WaitLane {
    let word = condition.word(of: place)
    // Once it is notified it sleeps on the lock, whose wake-up is for another when this wait does not come about.
    let held = lock.owner.word.lowerHalf
    let waiter = LaneWaiter(passingOn: { held.wake(1) }) { self.look($0) }
    let lane: WaitLane
    do {
      lane = try WaitLanes.current.enlist(waiter, on: word, wakesAll: true)
    } catch {
      condition.passOn(place)
      throw error
    }
    do {
      try lock.release()
    } catch {
      lane.withdraw(waiter, from: word)
      condition.passOn(place)
      // Another thread gave the lock up, and the lane has taken it since.
      if end.value != nil { try? lock.release() }
      throw error
    }
    return lane
  }

  private func look(_ mode: LookMode) -> WaitLook<Void> {
    let look = state.withLock { state -> WaitLook<End> in
      if state.isNotified == nil, state.givesUp { state.isNotified = condition.giveUp(place) }
      if state.isNotified == nil,
        case .sleep(let word, let value) = condition.look(place, lock, since: takeovers)
      {
        return .sleep(word, value)
      }
      let isNotified = state.isNotified ?? true
      state.isNotified = isNotified
      return lock.look(own, mode).map { End(isNotified: isNotified, take: $0) }
    }
    return look.map { end.resolve($0) }
  }

  /// The end, also of a task that is cancelled: no wait ends without the lock.
  private func endInAnyCase() async -> End {
    await withCheckedContinuation { continuation in end.observe { continuation.resume(returning: $0) } }
  }
}
