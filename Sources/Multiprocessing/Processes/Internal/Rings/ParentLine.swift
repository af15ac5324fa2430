internal import MultiprocessingSystem
internal import Synchronization

/// A child's way to its parent: frames arrive there in the order of their sending, by ring or by socket.
final class ParentLine: Sendable {
  private let channel: FrameChannel
  /// The copies that a task makes by `fork` have the same memory: two writers would write over each other.
  private let maker = ForkStamp()

  private struct State {
    var rings: RingPair?
    var writer: FrameRingWriter?
    /// The parent cannot be told of an answer: the socket is closed, or is something else by now.
    var failure: (any Error)?
  }

  /// Held over a wait for room: who comes later sends later.
  private let state = Mutex(State())

  init(_ channel: FrameChannel) { self.channel = channel }

  /// From now on what is small goes by the ring.
  func use(_ rings: RingPair) {
    state.withLock { $0 = State(rings: rings, writer: FrameRingWriter(rings.answers)) }
  }

  /// Sends a frame, and waits for room; a parent that is gone ends the wait with this process (`Lifeline`).
  ///
  /// - Throws: a `SystemError`. Where that is of a socket that was closed in this process, a small frame is in the ring all the same,
  ///   and the parent finds it when this process ends.
  func send(_ frame: Frame) throws {
    if maker.isInherited {
      throw MultiprocessingError(.unsupported, "a forked copy of a worker is not the worker: it cannot answer its pool")
    }
    try state.withLock { state in
      guard let rings = state.rings else { return try channel.send(frame) }
      if FrameRing.takes(frame) {
        try put(frame, rings, &state)
      } else {
        try channel.send(frame)
        try put(Frame(.elsewhere, task: frame.task), rings, &state)
      }
      try announce(rings, &state)
    }
  }

  private func put(_ frame: Frame, _ rings: RingPair, _ state: inout State) throws {
    while try state.writer?.put(frame) == false {
      // The parent may not know yet that there is so much.
      try announce(rings, &state)
      rings.roomFlag.announce()
      if try state.writer?.put(frame) != false { return rings.roomFlag.retract() }
      rings.roomFlag.sleep()
    }
  }

  /// Lets the parent know, as it wants to.
  private func announce(_ rings: RingPair, _ state: inout State) throws {
    if let failure = state.failure { throw failure }
    switch rings.answerFlag.take() {
    case RingPair.byMessage:
      do {
        try channel.send(Frame(.bell), isBlocking: false)
      } catch let error as SystemError where error.wouldBlock {
        // There is something for it to read anyway, and after that it looks here.
      } catch {
        state.failure = error
        throw error
      }
    case RingPair.bySleep: rings.answerFlag.word.wake()
    default: break
    }
  }
}
