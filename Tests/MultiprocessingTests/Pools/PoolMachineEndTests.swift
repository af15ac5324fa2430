import Testing

@testable import Multiprocessing

/// A moment in the life of a pool of two workers with up to three items.
enum PoolMoment: CaseIterable, Sendable {
  case new, idle, busy, givenAhead, recalled, waiting, tryingAgain, stopping, condemned, retiring, resized, notStarted,
    broken

  var machine: PoolMachine {
    var machine = self == .new ? PoolMachine(.init(workers: 2)) : .ready(2)
    let quick = PoolMachine.Traits(pace: 1)
    switch self {
    case .new: machine.take(.open, .submit(1, .init()))
    case .idle: break
    case .busy: machine.take(.submit(1, .init()), .submit(2, .init(timeout: .seconds(1))))
    case .givenAhead:
      machine.take(.submit(1, .init(window: 3)), .submit(2, .init(window: 3)), .submit(3, .init(window: 3)))
    case .recalled:
      machine.take(.submit(1, quick), .submit(2, quick), .submit(3, quick), .answered(1, 1, after: 1000))
      machine.take(.submit(4, quick), .answered(2, 2, after: 1000))
    case .waiting: machine.take(.submit(1, .init()), .submit(2, .init()), .submit(3, .init()))
    case .tryingAgain: machine.take(.submit(1, .init(retries: 1)), .lost(1, running: 1))
    case .stopping: machine.take(.submit(1, .init(timeout: .seconds(1))), .deadline(1, turn: 1))
    case .condemned: machine.take(.submit(1, .init()), .cancel(1), .graceEnded(1, .answer(1)))
    case .retiring: machine.take(.submit(1, .init()), .recycle(1))
    case .resized: machine.take(.submit(1, .init()), .submit(2, .init()), .resize(1))
    case .notStarted: machine.take(.lost(1, running: nil), .startFailed(3), .submit(1, .init()), .submit(2, .init()))
    case .broken: machine.take(.submit(1, .init()), .breakDown)
    }
    return machine
  }
}

/// How a pool is ended.
enum PoolEnd: CaseIterable, Sendable {
  case close, cancelAndClose, terminate, breakDown, closeThenTerminate

  var events: [PoolMachine.Event] {
    switch self {
    case .close: [.close]
    case .cancelAndClose: [.cancelAll, .close]
    case .terminate: [.terminate]
    case .breakDown: [.breakDown]
    case .closeThenTerminate: [.close, .terminate]
    }
  }
}

@Suite struct PoolMachineEndTests {
  @Test(arguments: PoolMoment.allCases, PoolEnd.allCases)
  func `a pool ends from every state, with every item over once`(moment: PoolMoment, end: PoolEnd) {
    var machine = moment.machine
    let items = Set(machine.items.keys)
    var actions = end.events.flatMap { machine.handle($0) }
    var finished: [PoolMachine.ItemID] = []
    var ends = 0
    for _ in 0..<1000 {
      for action in actions {
        if case .finish(let item, _) = action { finished.append(item) }
        if case .end = action { ends += 1 }
      }
      let workers = machine.workers.keys.sorted()
      guard let worker = workers.first, let state = machine.workers[worker] else { break }
      actions = machine.handle(Self.nextEvent(of: worker, state, machine))
    }
    #expect(Set(finished) == items && finished.count == items.count)
    #expect(machine.workers.isEmpty && machine.items.isEmpty && machine.pending.isEmpty && machine.paces.isEmpty)
    #expect(ends == (machine.phase == .open ? 0 : 1))
    #expect(machine.phase != .open)
  }

  /// What an obedient worker says next, and the wait for a start that failed.
  private static func nextEvent(
    of worker: PoolMachine.WorkerID, _ state: PoolMachine.Worker, _ machine: PoolMachine
  ) -> PoolMachine.Event {
    if machine.isHoldingStarts { return .retryStart }
    if state.isCondemned { return .lost(worker, running: state.inHand.first) }
    if state.state == .starting { return .joined(worker) }
    if let item = state.inHand.first { return .answered(item, worker, after: 1000) }
    return .lost(worker, running: nil)
  }
}
