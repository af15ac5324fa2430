internal import MultiprocessingSystem
internal import Synchronization

extension ProcessWorker {
  /// Frames go out in order and never make the sender wait: what there is no room for waits here. A ring that is full has
  /// tasks that will be answered, and then it goes on; a socket that is full may hold what needs no answer: it is watched.
  struct Outgoing: Sendable {
    var waiting: [Frame] = []
    /// Nothing goes before the worker has said which way its tasks come.
    var isHeld: Bool
    var isSending = false
    /// Somebody came while another was sending.
    var isAskedAgain = false
    /// Since the worker has said that it uses it.
    var ring: FrameRingWriter?
    /// The watch for room in the socket.
    var roomToken: Reactor.Token?
    /// How often it was called.
    var roomLooks = 0
    /// The worker's loss is reported: nothing is watched any more.
    var isOver = false

    /// Puts a task into the ring when nothing is before it; false when it has to wait, go by the socket, or fail.
    mutating func putAtOnce(_ frame: Frame) -> Bool {
      guard frame.kind == .task, waiting.isEmpty, !isSending, FrameRing.takes(frame) else { return false }
      // One that fails has changed nothing: it is tried again where the failure is seen to.
      return (try? ring?.put(frame)) ?? false
    }
  }

  func enqueue(_ frame: Frame) {
    if outgoing.withLock({ $0.putAtOnce(frame) }) {
      rings?.taskFlag.ring()
      return
    }
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
    do {
      guard try outgoing.withLock({ try $0.ring?.put(entry) }) == true else { return entry }
      rings.taskFlag.ring()
    } catch {
      // Somebody scribbled over the ring: what the worker has in hand comes back with its end.
      try? process.killTree()
    }
    return nil
  }

  /// False when there is no room.
  private func sendBySocket(_ frame: Frame) throws -> Bool {
    do {
      try process.channel.send(frame, isBlocking: false)
      return true
    } catch let error as SystemError where error.wouldBlock {
      watchForRoom()
      return false
    }
  }

  private func watchForRoom() {
    let looks: Int? = outgoing.withLock { $0.roomToken == nil ? $0.roomLooks : nil }
    guard let looks else { return }
    let token = roomWatch()
    let unwanted = outgoing.withLock { outgoing in
      // It may have been called already, and a timer is called once.
      if outgoing.isOver || outgoing.roomLooks != looks { return token }
      defer { outgoing.roomToken = token }
      return outgoing.roomToken
    }
    if let unwanted { Reactor.shared.cancel(unwanted) }
  }

  /// Where the kernel has no memory for a watch, a look a little later.
  private func roomWatch() -> Reactor.Token? {
    let goOn: @Sendable () -> Void = { [weak self] in self?.goOnSending() }
    let watch = try? Reactor.shared.watch(process.channel.socket.descriptor, for: .writing, handler: goOn)
    return watch ?? (try? Reactor.shared.schedule(at: ContinuousClock.now + .milliseconds(10), handler: goOn))
  }

  private func goOnSending() {
    outgoing.withLock { $0.roomLooks += 1 }
    stopWatchingForRoom()
    flush()
  }

  func stopWatchingForRoom(isOver: Bool = false) {
    let token = outgoing.withLock { outgoing in
      defer { outgoing.roomToken = nil }
      if isOver { outgoing.isOver = true }
      return outgoing.roomToken
    }
    if let token { Reactor.shared.cancel(token) }
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
