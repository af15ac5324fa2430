import Testing

@testable import Multiprocessing

extension PoolMachine {
  /// An open machine whose workers have joined.
  static func ready(
    _ workers: Int = 1, _ change: (inout Configuration) -> Void = { _ in }
  ) -> PoolMachine {
    var configuration = Configuration(workers: workers)
    change(&configuration)
    var machine = PoolMachine(configuration)
    machine.take(.open)
    for worker in 1...workers { machine.take(.joined(worker)) }
    return machine
  }

  /// The actions after the last of the events.
  @discardableResult
  mutating func take(_ events: Event...) -> [Action] {
    var actions: [Action] = []
    for event in events { actions = handle(event) }
    return actions
  }
}

@Suite struct PoolMachineTests {
  @Test func `opening starts the workers, and joining gives them work`() {
    var machine = PoolMachine(.init(workers: 2))
    #expect(machine.take(.open) == [.start(1), .start(2)])
    #expect(machine.take(.submit(1, .init())) == [])
    #expect(machine.take(.joined(2)) == [.send(1, 2)])
    #expect(machine.take(.submit(2, .init())) == [])
    #expect(machine.take(.answered(1, 2, after: nil)) == [.finish(1, .answered), .send(2, 2)])
  }

  @Test func `a lost worker fails the item it ran, and the others go to the next`() {
    var machine = PoolMachine.ready()
    for item in 1...3 as ClosedRange<UInt64> { machine.take(.submit(item, .init(window: 3))) }
    #expect(machine.take(.lost(1, running: 1)) == [.finish(1, .lost), .start(2)])
    #expect(machine.take(.joined(2)) == [.send(2, 2), .send(3, 2)])
  }

  @Test func `an item that did not run is given again without blame`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()))
    #expect(machine.take(.lost(1, running: nil)) == [.start(2)])
    #expect(machine.take(.joined(2)) == [.send(1, 2)])
    #expect(machine.retries == 0)
  }

  @Test func `an item with retries runs again that often`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init(retries: 1)))
    #expect(machine.take(.lost(1, running: 1), .joined(2)) == [.send(1, 2)])
    #expect(machine.retries == 1)
    #expect(machine.take(.lost(2, running: 1)) == [.finish(1, .lost), .start(3)])
  }

  @Test func `a timeout finishes the item, stops the worker and starts another at once`() {
    var machine = PoolMachine.ready()
    let timed = PoolMachine.Traits(timeout: .seconds(3))
    #expect(machine.take(.submit(1, timed)) == [.send(1, 1), .startTimer(1, turn: 1, .seconds(3))])
    #expect(
      machine.take(.deadline(1, turn: 1)) == [
        .finish(1, .timedOut), .stop(1, 1), .startGrace(1, .answer(1)), .start(2),
      ])
    #expect(machine.take(.graceEnded(1, .answer(1))) == [.kill(1)])
    // Its death, however late, is no crash and starts nobody.
    #expect(machine.take(.submit(2, .init()), .joined(2)) == [.send(2, 2)])
    #expect(machine.take(.lost(1, running: 1)) == [])
    #expect(machine.consecutiveLosses == 0)
  }

  @Test func `a worker that never goes, killed as it is, holds nothing up but the end`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .cancel(1), .graceEnded(1, .answer(1)), .joined(2), .submit(2, .init()))
    #expect(machine.take(.answered(2, 2, after: nil)) == [.finish(2, .answered)])
    #expect(machine.take(.close) == [.retire(2), .startGrace(2, .end)])
    #expect(machine.take(.lost(2, running: nil)) == [])
    #expect(machine.take(.lost(1, running: 1)) == [.end])
  }

  @Test func `a worker that answers within its grace period is one too many and retires`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .cancel(1))
    #expect(machine.take(.answered(1, 1, after: nil)) == [.retire(1), .startGrace(1, .end)])
    #expect(machine.take(.graceEnded(1, .answer(1))) == [])
  }

  @Test func `a result that comes with the deadline or a cancellation is told once`() {
    for late in [PoolMachine.Event.deadline(1, turn: 1), .cancel(1)] {
      var machine = PoolMachine.ready()
      machine.take(.submit(1, .init(timeout: .seconds(1))))
      #expect(machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered)])
      #expect(machine.take(late) == [])
    }
  }

  @Test func `the timer of an earlier turn ends nothing`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init(retries: 1, timeout: .seconds(1))), .lost(1, running: 1))
    #expect(machine.take(.deadline(1, turn: 1)) == [])
    #expect(machine.take(.joined(2)) == [.send(1, 2), .startTimer(1, turn: 2, .seconds(1))])
    #expect(machine.take(.deadline(1, turn: 1)) == [])
  }

  @Test func `an item cancelled in a worker's hand is dropped there, and stopped if it began`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init(window: 2)), .submit(2, .init(window: 2)))
    #expect(machine.take(.cancel(2)) == [.finish(2, .cancelled), .stop(1, 2)])
    #expect(
      machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered), .startGrace(1, .answer(2)), .start(2)])
    #expect(machine.take(.graceEnded(1, .answer(2))) == [.kill(1)])
  }

  @Test func `nothing is given ahead past an item that waits for an empty hand`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init(window: 2)), .submit(2, .init(window: 2)))
    #expect(machine.take(.submit(3, .init()), .submit(4, .init(window: 2)), .submit(5, .init(window: 2))) == [])
    #expect(machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered)])
    #expect(machine.take(.answered(2, 1, after: nil)) == [.finish(2, .answered), .send(3, 1), .send(4, 1)])
    #expect(machine.take(.answered(3, 1, after: nil)) == [.finish(3, .answered), .send(5, 1)])
  }

  @Test func `a cancelled item that waits is over at once`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .submit(2, .init()))
    #expect(machine.take(.cancel(2)) == [.finish(2, .cancelled)])
    #expect(machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered)])
  }

  @Test func `close lets everything finish, then the workers`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .submit(2, .init()), .close)
    #expect(machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered), .send(2, 1)])
    #expect(machine.take(.answered(2, 1, after: nil)) == [.finish(2, .answered), .retire(1), .startGrace(1, .end)])
    #expect(machine.take(.lost(1, running: nil)) == [.end])
    #expect(machine.take(.submit(3, .init())) == [.finish(3, .cancelled)])
  }

  @Test func `a closed pool still kills a worker that resists`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .cancel(1), .close)
    #expect(machine.take(.graceEnded(1, .answer(1))) == [.kill(1)])
  }

  @Test func `a retired worker whose task passes its time is killed too`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init(timeout: .seconds(1))), .recycle(1))
    #expect(machine.take(.deadline(1, turn: 1)) == [.finish(1, .timedOut), .stop(1, 1), .startGrace(1, .answer(1))])
    #expect(machine.take(.graceEnded(1, .answer(1))) == [.kill(1)])
  }

  @Test func `a worker told to go that does not is terminated, then killed`() {
    var machine = PoolMachine.ready()
    #expect(machine.take(.close) == [.retire(1), .startGrace(1, .end)])
    #expect(machine.take(.graceEnded(1, .end)) == [.terminate(1), .startGrace(1, .termination)])
    #expect(machine.take(.graceEnded(1, .termination)) == [.kill(1)])
    #expect(machine.take(.lost(1, running: nil)) == [.end])
    #expect(machine.consecutiveLosses == 0)
  }

  @Test func `a worker that starts has no longer, once it is told to go`() {
    var machine = PoolMachine(.init(workers: 1))
    machine.take(.open)
    #expect(machine.take(.close) == [.retire(1), .startGrace(1, .end)])
    #expect(machine.take(.joined(1)) == [])
    machine.take(.graceEnded(1, .end))
    #expect(machine.take(.graceEnded(1, .termination)) == [.kill(1)])
  }

  @Test func `the time to go begins when a worker has nothing left in hand`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init(window: 2)), .submit(2, .init(window: 2)))
    #expect(machine.take(.recycle(1)) == [.retire(1), .start(2)])
    #expect(machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered)])
    #expect(machine.take(.answered(2, 1, after: nil)) == [.finish(2, .answered), .startGrace(1, .end)])
    #expect(machine.take(.lost(1, running: nil)) == [])
    #expect(machine.take(.graceEnded(1, .end)) == [])
  }

  @Test func `losses above the limit are told once, and everything is broken`() {
    var machine = PoolMachine.ready(1) { $0.restartLimit = 1 }
    machine.take(.submit(1, .init(retries: 9)), .submit(2, .init()), .lost(1, running: 1), .joined(2))
    #expect(machine.take(.lost(2, running: 2)) == [.finish(2, .lost), .crashLoop, .finish(1, .broken), .end])
    #expect(machine.take(.submit(3, .init())) == [.finish(3, .broken)])
  }

  @Test func `a completion starts the count of losses anew`() {
    var machine = PoolMachine.ready(1) { $0.restartLimit = 1 }
    var item: UInt64 = 0
    for worker in 1..<20 {
      item += 2
      machine.take(.submit(item, .init()), .answered(item, worker, after: nil), .submit(item + 1, .init()))
      #expect(machine.take(.lost(worker, running: item + 1)) == [.finish(item + 1, .lost), .start(worker + 1)])
      machine.take(.joined(worker + 1))
    }
  }

  @Test func `after a failed start the next waits for its time`() {
    var machine = PoolMachine(.init(workers: 1))
    machine.take(.open)
    #expect(machine.take(.startFailed(1)) == [.retryStart(round: 1)])
    #expect(machine.take(.submit(1, .init())) == [])
    #expect(machine.take(.retryStart) == [.start(2)])
  }

  @Test func `what keeps several workers from starting counts once, and they are tried again together`() {
    var machine = PoolMachine(.init(workers: 3, restartLimit: 2))
    machine.take(.open)
    for round in 1...2 {
      let first = 3 * round - 2
      #expect(machine.take(.startFailed(first)) == [.retryStart(round: round)])
      #expect(machine.take(.startFailed(first + 1), .startFailed(first + 2)) == [])
      #expect(machine.take(.retryStart) == [.start(first + 3), .start(first + 4), .start(first + 5)])
    }
    machine.take(.joined(7))
    #expect(machine.take(.startFailed(8)).first == .crashLoop)
  }

  @Test func `an item of a worker that could not be started is over`() {
    var machine = PoolMachine(.init(workers: 1))
    machine.take(.open)
    machine.take(.submit(1, .init(pinnedTo: 1)))
    #expect(machine.take(.startFailed(1)) == [.finish(1, .unpinned), .retryStart(round: 1)])
  }

  @Test func `what was given ahead behind an item that is given up is asked for, the last first`() {
    var machine = PoolMachine.ready(1)
    machine.take(.submit(1, .init(window: 3)), .submit(2, .init(window: 3)), .submit(3, .init(window: 3)))
    #expect(
      machine.take(.cancel(1)) == [
        .finish(1, .cancelled), .recall(1, 3), .recall(1, 2), .stop(1, 1), .startGrace(1, .answer(1)), .start(2),
      ])
    machine.take(.returned(3, 1), .returned(2, 1))
    #expect(machine.take(.joined(2)) == [.send(2, 2), .send(3, 2)])
  }

  @Test func `a worker retires after its number of tasks`() {
    var machine = PoolMachine.ready(1) { $0.maxTasksPerWorker = 1 }
    machine.take(.submit(1, .init()))
    #expect(
      machine.take(.answered(1, 1, after: nil)) == [.finish(1, .answered), .retire(1), .startGrace(1, .end), .start(2)])
    #expect(machine.take(.lost(1, running: nil)) == [])
    #expect(machine.consecutiveLosses == 0)
  }

  @Test func `idle workers go down to the least number, and work brings them back`() {
    var machine = PoolMachine.ready(3) { $0.minWorkers = 2 }
    #expect(machine.take(.idle(1)) == [.retire(1), .startGrace(1, .end)])
    #expect(machine.take(.idle(2)) == [])
    #expect(machine.take(.submit(1, .init())) == [.start(4), .send(1, 2)])
  }

  @Test func `resizing starts and retires, idle ones first`() {
    var machine = PoolMachine.ready(2)
    machine.take(.submit(1, .init()))
    #expect(machine.take(.resize(3)) == [.start(3)])
    // The newest of the idle ones first.
    #expect(
      machine.take(.resize(1)) == [.retire(3), .startGrace(3, .end), .retire(2), .startGrace(2, .end)])
    #expect(machine.workers[1]?.state == .ready)
  }

  @Test func `a key keeps its worker while that lives`() {
    var machine = PoolMachine.ready(2)
    machine.take(.submit(1, .init(affinityKey: "a")))
    #expect(machine.take(.submit(2, .init(affinityKey: "a"))) == [])
    #expect(machine.take(.submit(3, .init())) == [.send(3, 2)])
    #expect(machine.take(.lost(1, running: 1)) == [.finish(1, .lost), .start(3)])
    #expect(machine.take(.joined(3)) == [.send(2, 3)])
  }

  @Test func `a pinned item runs in its worker or nowhere`() {
    var machine = PoolMachine.ready(2)
    #expect(machine.take(.submit(1, .init(pinnedTo: 2))) == [.send(1, 2)])
    machine.take(.submit(2, .init(pinnedTo: 2)))
    #expect(machine.take(.lost(2, running: 1)) == [.finish(1, .lost), .finish(2, .unpinned), .start(3)])
    #expect(machine.take(.submit(3, .init(pinnedTo: 2))) == [.finish(3, .unpinned)])
  }

  @Test func `terminate cancels everything and kills every worker`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .submit(2, .init()))
    #expect(
      machine.take(.terminate) == [.finish(1, .cancelled), .finish(2, .cancelled), .kill(1), .retire(1)])
    #expect(machine.take(.lost(1, running: 1)) == [.end])
  }

  @Test func `a broken pool finishes everything with its reason`() {
    var machine = PoolMachine.ready()
    machine.take(.submit(1, .init()), .submit(2, .init()))
    #expect(machine.take(.breakDown) == [.finish(1, .broken), .finish(2, .broken), .kill(1), .retire(1)])
    #expect(machine.take(.lost(1, running: 1)) == [.end])
  }

  @Test func `threads are asked and never killed, and keep their place`() {
    var machine = PoolMachine.ready(1) { $0.canKill = false }
    machine.take(.submit(1, .init()), .submit(2, .init()))
    #expect(machine.take(.cancel(1)) == [.finish(1, .cancelled), .stop(1, 1)])
    #expect(machine.take(.answered(1, 1, after: nil)) == [.send(2, 1)])
    #expect(machine.take(.close, .answered(2, 1, after: nil)) == [.finish(2, .answered), .retire(1)])
  }
}
