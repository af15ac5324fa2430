internal import MultiprocessingSystem
internal import Synchronization

/// A child process and the value it will produce.
///
/// ```swift
/// let child = try ChildProcess.start(600_851_475_143) { largestFactor(of: $0) }
/// print(try await child.value)
/// ```
///
/// Dropping the handle changes nothing: when the program ends, children are joined and daemons are killed. Cancelling
/// a task that awaits `value` or `join` stops the waiting only; `kill()` and `terminate()` stop the child. When this
/// process dies, by whatever cause, the child is killed at once.
public final class ChildProcess<Output: Sendable>: ChildProcessHandle, Identifiable {
  let process: RunningProcess
  /// What the task came to; set by its frame, or by the child's end without one.
  let outcome = Completion<Outcome>()

  /// A result as it came, not yet decoded.
  enum Outcome: Sendable {
    case value(TransferPayload)
    case thrown(TransferPayload)
    case failed(any Error)
  }

  private let describeTask: @Sendable () -> String
  private let decode: @Sendable (TransferPayload) throws -> Output
  private let isSameBuildNeeded: Bool
  /// Value or error are decoded once, the handles in them exist once, and by who asks for them: that is the user's code,
  /// which neither the reactor nor a lock must wait for.
  private let decoded = Mutex<Result<Output, any Error>?>(nil)
  private let token = Mutex<Reactor.Token?>(nil)
  /// What the child said, from when its frame was taken.
  private let answer = Mutex<Outcome?>(nil)

  init(
    _ process: RunningProcess, task: @escaping @Sendable () -> String, isSameBuildNeeded: Bool,
    decode: @escaping @Sendable (TransferPayload) throws -> Output
  ) {
    self.process = process
    self.decode = decode
    self.isSameBuildNeeded = isSameBuildNeeded
    describeTask = task
  }

  /// Listens for the result, and takes the child into the family.
  func begin() throws {
    process.exit.observe { exit in
      self.receive()
      self.stopListening()
      // Naming the task reads the executable's symbols: only when it is needed.
      if self.outcome.value == nil { self.outcome.resolve(.failed(exit.error(task: self.describeTask()))) }
    }
    do {
      let token = try Reactor.shared.watch(process.channel.socket.descriptor) { [weak self] in self?.receive() }
      self.token.withLock { $0 = token }
    } catch {
      try? process.killTree()
      throw MultiprocessingError(.startFailed, doing: "listening to \(process.name)", error)
    }
    if process.exit.value != nil { stopListening() }
    ProcessFamily.current.add(.init(process: process, handle: self))
  }

  /// Takes every frame that is there. Called by the reactor, and once more at the child's end: by whatever thread sees
  /// that, so the answer is taken and noted under one lock. Else the end could pass an answer that the reactor had taken
  /// and not noted yet, and the child would seem to have ended without one.
  private func receive() {
    let (answer, isOver) = answer.withLock { answer in
      let isOver = takeFrames(&answer)
      return (answer, isOver)
    }
    if let answer { outcome.resolve(answer) }
    if isOver { stopListening() }
  }

  /// True when nothing more will come that counts: there is one answer. Who still listened after it would be woken by the
  /// closing of the channel, just when the thread that waits for the end is.
  private func takeFrames(_ answer: inout Outcome?) -> Bool {
    do {
      while answer == nil {
        switch try process.channel.receive(isBlocking: false) {
        case .frame(let frame): answer = outcome(of: frame)
        case .nothing: return false
        case .end: return true
        }
      }
    } catch {
      answer = .failed(error)
    }
    return true
  }

  private func outcome(of frame: Frame) -> Outcome? {
    switch frame.kind {
    case .value where isSameBuildNeeded && frame.build != BuildIdentity.own.hash:
      .failed(
        MultiprocessingError(
          .startFailed, "\(process.name) runs another build of the program: start it from this one, or use CBOR"))
    case .value: .value(frame.payload.settled())
    case .thrown: .thrown(frame.payload)
    default: nil
    }
  }

  private func stopListening() {
    let token = token.withLock { token in
      defer { token = nil }
      return token
    }
    if let token { Reactor.shared.cancel(token) }
  }

  func result(of outcome: Outcome) throws -> Output {
    if let known = decoded.withLock({ $0 }) { return try known.get() }
    // Often the first use of a type: no copy of this process is to be made meanwhile.
    let fresh = Result { try ForkGate.visiting { try read(outcome) } }
    return try decoded.withLock { known in
      if known == nil { known = fresh }
      return known ?? fresh
    }.get()
  }

  private func read(_ outcome: Outcome) throws -> Output {
    switch outcome {
    case .value(let payload): return try decode(payload)
    case .thrown(let payload): throw ThrownError.error(in: payload)
    case .failed(let error): throw error
    }
  }
}
