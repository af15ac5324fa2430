import MultiprocessingSystem
import Testing

@testable import Multiprocessing

/// A process that writes where it should not must not end the others by an overflow.
@Suite(.isolated) struct ScribbledMemoryTests {
  @Test func `a semaphore's bound and count`() throws {
    let made = try SemaphoreState(value: 1, isBounded: true)
    made.memory.word(at: 4).store(.max)
    made.memory.word(at: 0).store(SemaphoreState.countMask)
    let state = try SemaphoreState(made.memory, isBounded: true)
    let failure = #expect(throws: MultiprocessingError.self) { try state.release() }
    #expect(failure?.code == .notOwner)
    made.memory.word(at: 0).store(.max)
    #expect(throws: MultiprocessingError.self) { try state.release() }
    #expect(state.value == Int(SemaphoreState.countMask))
  }

  @Test func `a condition's next ticket`() throws {
    let state = try ConditionState()
    state.memory.word(at: 0).store(.max)
    let place = state.enlist(try ProcessRegistry.ownID())
    #expect(state.memory.word(at: 0).load() == 0)
    #expect(!state.giveUp(place))
  }

  @Test func `a barrier's timeout`() throws {
    let made = try BarrierState(parties: 2, timeout: nil)
    made.memory.longWord(at: 24).store(.max)
    let state = try BarrierState(made.memory)
    #expect(!SharedWait.now.addingReportingOverflow(state.timeout).overflow)
  }
}
