internal import MultiprocessingSystem

/// A queue as `waitForAny` sees it: ready when there is something to take, or nothing ever will be.
struct QueueSignal: WaitSignal {
  let core: QueueCore

  var isReady: Bool { core.words.count > 0 || core.words.tail.isFinished || core.refusal.isThere }

  func watch(_ notify: @escaping @Sendable () -> Void) throws -> @Sendable () -> Void {
    let core = core
    let bell = core.words.items
    let waiter = LaneWaiter(passingOn: { core.passOn(bell) }) { mode in
      var announced: UInt32?
      while true {
        if isReady {
          notify()
          // It takes nothing, so the wake-up is for another.
          core.passOn(bell)
          return .done(())
        }
        if let announced { return .sleep(bell.word, announced) }
        announced = bell.announce()
      }
    }
    let lane = try WaitLanes.current.enlist(waiter, on: bell.word, wakesAll: false)
    return { lane.withdraw(waiter, from: bell.word) }
  }
}
