internal import MultiprocessingSystem
internal import Synchronization

extension ProcessWorker {
  /// Frames go out in order and never make the sender wait: what there is no room for waits here, and is sent when the
  /// worker has answered something. A worker answers what it was sent, so there is always such a moment.
  struct Outgoing: Sendable {
    var waiting: [Frame] = []
    /// Nothing goes before the worker has said which way its tasks come.
    var isHeld: Bool
    var isSending = false
    /// Somebody came while another was sending.
    var isAskedAgain = false
    /// Since the worker has said that it uses it.
    var ring: FrameRingWriter?
  }

  func enqueue(_ frame: Frame) {
    outgoing.withLock { $0.waiting.append(frame) }
    flush()
  }

  /// One thread sends at a time, outside the lock.
  func flush() {
    while let frame = takeNext() {
      do {
        let rest = try transmit(frame)
        if !putBack(rest), rest != nil { return }
      } catch let error as SystemError where error.isDisconnected {
        putBack(nil)  // it is dying: the loss follows
      } catch {
        putBack(nil)
        guard frame.kind == .task else { continue }
        let failure = MultiprocessingError(.notTransferable, doing: "sending a task to \(process.name)", error)
        sink(.finished(id, frame.task, .thrown(failure), after: nil))
      }
    }
  }

  /// Sends a frame. What is returned must wait, and be sent in its place.
  private func transmit(_ frame: Frame) throws -> Frame? {
    guard let rings, frame.kind == .task || frame.kind == .elsewhere, outgoing.withLock({ $0.ring != nil }) else {
      return try sendBySocket(frame) ? nil : frame
    }
    var entry = frame
    if !FrameRing.takes(frame) {
      guard try sendBySocket(frame) else { return frame }
      entry = Frame(.elsewhere, task: frame.task)
    }
    guard try outgoing.withLock({ try $0.ring?.put(entry) }) == true else { return entry }
    rings.taskFlag.ring()
    return nil
  }

  /// False when there is no room.
  private func sendBySocket(_ frame: Frame) throws -> Bool {
    do {
      try process.channel.send(frame, isBlocking: false)
      return true
    } catch let error as SystemError where error.wouldBlock {
      return false
    }
  }

  private func takeNext() -> Frame? {
    outgoing.withLock { outgoing in
      if outgoing.isSending { outgoing.isAskedAgain = true }
      guard !outgoing.isHeld, !outgoing.isSending, !outgoing.waiting.isEmpty else { return nil }
      outgoing.isSending = true
      return outgoing.waiting.removeFirst()
    }
  }

  /// True when another thread came meanwhile, which may have been the one to come when there was room.
  @discardableResult
  private func putBack(_ frame: Frame?) -> Bool {
    outgoing.withLock { outgoing in
      outgoing.isSending = false
      if let frame { outgoing.waiting.insert(frame, at: 0) }
      defer { outgoing.isAskedAgain = false }
      return outgoing.isAskedAgain
    }
  }
}
