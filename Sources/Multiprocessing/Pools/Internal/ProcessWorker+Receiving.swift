internal import MultiprocessingSystem
internal import Synchronization

extension ProcessWorker {
  /// Whoever finds something takes it: the reactor's thread, when the worker has sent a `bell` or anything else by the
  /// socket, or a thread that waits for an answer. One at a time; who comes meanwhile leaves its finding to that one.
  struct Incoming: Sendable {
    /// Since the worker has said that it uses it.
    var ring: FrameRingReader?
    /// Came by the socket; their places are in the ring.
    var bySocket: [Frame] = []
    var isTaking = false
    /// There may be something that the one who takes has not seen, in the socket too.
    var hasNews = false
    var socketHasNews = false
    /// Threads that look by themselves.
    var watchers = 0
    /// A thread sleeps until there is something.
    var hasSleeper = false
    /// It has been told to look, which an announcement for it must not undo.
    var isNudged = false
    var hasGreeted = false
    /// What it said that made no sense.
    var complaint: String?
    /// Why it ends by itself.
    var lastWords: String?
    /// The process is gone, and that is about to be reported: nothing is awaited any more.
    var isOver = false
    /// How it went, until that is reported.
    var exit: ProcessExit?

    /// A frame that came by the socket waits for its place in the ring, where there is one: true.
    ///
    /// - Throws: for what never has a place there, and when there are more than places: one is sent before its place is
    ///   written, and a batch of places may have been read before its frames.
    mutating func keepForItsPlace(_ frame: Frame) throws -> Bool {
      if ring == nil { return false }
      guard [.value, .thrown, .log, .part, .failedPart].contains(frame.kind),
        bySocket.count <= FrameRing.mostFrames + ProcessWorker.batch
      else {
        throw MultiprocessingError(.notTransferable, "the worker sent what nobody asked for")
      }
      bySocket.append(frame)
      return true
    }

    /// What the worker is to do when it has answered.
    var wish: UInt32 { hasSleeper && !isNudged ? RingPair.bySleep : watchers > 0 ? 0 : RingPair.byMessage }
  }

  /// So many frames of a ring are taken at once.
  private static let batch = 64

  private enum Round {
    case look(intoSocket: Bool)
    case reportLoss(ProcessExit)
    case leave
  }

  /// False when another thread is at it, and takes what there is.
  @discardableResult
  func receive(_ socketHasNews: Bool) -> Bool {
    let isMine = incoming.withLock { incoming in
      incoming.hasNews = true
      if socketHasNews { incoming.socketHasNews = true }
      defer { incoming.isTaking = true }
      return !incoming.isTaking
    }
    guard isMine else { return false }
    while true {
      switch nextRound() {
      case .look(let intoSocket): take(fromSocket: intoSocket)
      case .reportLoss(let exit):
        reportLoss(exit)
        return true
      case .leave: return true
      }
    }
  }

  private func nextRound() -> Round {
    incoming.withLock { incoming in
      if incoming.hasNews {
        defer { (incoming.hasNews, incoming.socketHasNews) = (false, false) }
        return .look(intoSocket: incoming.socketHasNews)
      }
      if let exit = incoming.exit {
        // Nobody takes anything after this.
        (incoming.exit, incoming.isOver) = (nil, true)
        return .reportLoss(exit)
      }
      // The wish first, then a last look: an answer after that look finds the wish.
      rings?.answerFlag.announce(incoming.wish)
      if incoming.ring?.hasMore == true { return .look(intoSocket: false) }
      incoming.isTaking = false
      return .leave
    }
  }

  private func take(fromSocket: Bool) {
    // Asked first: what it has written is all there then.
    let (isLast, isOver) = incoming.withLock { ($0.exit != nil, $0.complaint != nil) }
    if isOver { return }
    do {
      if fromSocket { try readSocket() }
      while let frames = try incoming.withLock({ try $0.ring?.take(upTo: Self.batch) }), !frames.isEmpty {
        try accept(inOrder: frames[...])
      }
      // Of a process that is gone: sent, and not put into the ring any more.
      if isLast { for frame in takeAllFromSocket() { try accept(frame) } }
      rings?.roomFlag.ring()
      flush()
    } catch {
      distrust(error)
    }
  }

  /// What it says makes no sense any more. No answer of it counts, and its tasks fail with its end: which of them have
  /// run is not known.
  private func distrust(_ error: any Error) {
    let complaint = (error as? SystemError).map { "what it sent could not be received: \($0)" } ?? "\(error)"
    EventLog.warning("\(process.name) (pid \(process.id)) is killed: \(complaint)")
    incoming.withLock { incoming in
      (incoming.ring, incoming.bySocket) = (nil, [])
      if incoming.complaint == nil { incoming.complaint = complaint }
    }
    sink(.distrusted(id))
    stopListening()
    try? process.killTree()
  }

  private func readSocket() throws {
    while true {
      switch try process.channel.receive(isBlocking: false) {
      case .frame(let frame):
        if frame.kind == .bell { continue }
        if try !incoming.withLock({ try $0.keepForItsPlace(frame.settled) }) { try accept(frame) }
      case .nothing: return
      case .end: return stopListening()
      }
    }
  }

  /// What came by the ring. Results of one series that follow each other go on together.
  private func accept(inOrder frames: ArraySlice<Frame>) throws {
    var rest = frames
    while let first = rest.popFirst() {
      if first.kind == .elsewhere {
        try acceptFromSocket(first.task)
      } else if var parts = part(first).map({ [$0] }) {
        while let next = rest.first, next.task == first.task, Int(next.number) == Int(first.number) + parts.count,
          let part = part(next)
        {
          parts.append(part)
          rest.removeFirst()
        }
        sink(.parts(id, first.task, from: Int(first.number), parts))
      } else {
        try accept(first)
      }
    }
  }

  /// What was sent by the socket before its place was put into the ring.
  private func acceptFromSocket(_ task: UInt64) throws {
    func find() -> Frame? {
      incoming.withLock { incoming in
        incoming.bySocket.firstIndex { $0.task == task }.map { incoming.bySocket.remove(at: $0) }
      }
    }
    if let frame = find() { return try accept(frame) }
    try readSocket()
    guard let frame = find() else {
      throw MultiprocessingError(.notTransferable, "the worker announced an answer that it did not send")
    }
    try accept(frame)
  }

  private func takeAllFromSocket() -> [Frame] {
    incoming.withLock { incoming in
      defer { incoming.bySocket = [] }
      return incoming.bySocket
    }
  }
}

extension ProcessWorker: AnswerWatch {
  func look(until isDone: () -> Bool) {
    let isThere = incoming.withLock { incoming in
      guard incoming.ring != nil, !incoming.isOver else { return false }
      incoming.watchers += 1
      if !incoming.isTaking { rings?.answerFlag.announce(incoming.wish) }
      return true
    }
    guard isThere else { return }
    while !isDone(), let mark = incoming.withLock({ $0.ring?.mark }), spinning.spin(on: mark.word, while: mark.value) {
      // Another thread takes it, and may have much to do with it.
      if !receive(false) { break }
    }
    incoming.withLock { $0.watchers -= 1 }
    // The wish of those who are left, and what came before it was known.
    receive(false)
  }

  func beginSleep() -> SharedWait.Entry? {
    let isMine = incoming.withLock { incoming in
      guard incoming.ring != nil, !incoming.isOver, !incoming.hasSleeper else { return false }
      (incoming.hasSleeper, incoming.isNudged) = (true, false)
      return true
    }
    guard isMine, let flag = rings?.answerFlag else { return nil }
    // Makes the wish known, and takes what came before. Where another thread is at it, what it has taken may be what is
    // awaited, and the wish is made known after that.
    if receive(false) { return SharedWait.Entry(flag.word, RingPair.bySleep) }
    endSleep()
    receive(false)
    return nil
  }

  func endSleep() { incoming.withLock { $0.hasSleeper = false } }

  func takeAnswers() { receive(false) }

  func nudge() {
    let hasSleeper = incoming.withLock { incoming in
      incoming.isNudged = true
      return incoming.hasSleeper
    }
    guard let word = rings?.answerFlag.word, hasSleeper else { return }
    // Not another announcement, which nobody would make again. Woken in any case: the worker may have taken the
    // announcement, and died before it woke anybody.
    var found = RingPair.bySleep
    _ = word.exchange(&found, for: 0)
    word.wake()
  }
}
