internal import Synchronization

/// A task's wait, as the lanes see it: something to look for it, until it is done or withdrawn.
final class LaneWaiter: Sendable {
  private let look: @Sendable (LookMode) -> WaitLook<Void>
  private let isOver = Mutex(false)
  /// Gives a wake-up that this waiter may have taken to the next; nil where a wake-up of the word does that.
  let passOn: (@Sendable () -> Void)?

  /// - Parameter passOn: needed where what is waited for can change without the word that is slept on: who is just about
  ///   to sleep on it would not notice a wake-up.
  init(passingOn passOn: (@Sendable () -> Void)?, _ look: @escaping @Sendable (LookMode) -> WaitLook<Void>) {
    self.passOn = passOn
    self.look = look
  }

  /// Looks once. Under the lock, so that no look is made after `withdraw`, which may wait for one: a look is short.
  func attempt() -> WaitLook<Void> {
    isOver.withLock { isOver in
      if isOver { return .done(()) }
      let result = look(LookMode(announces: true, hasSlept: true))
      if case .done = result { isOver = true }
      return result
    }
  }

  /// No more looks from now on.
  func withdraw() { isOver.withLock { $0 = true } }
}
