internal import MultiprocessingSystem
internal import Synchronization

/// Passes a child's standard error on in whole lines, and keeps the end of it for a crash report.
final class StandardErrorRelay: Sendable {
  private let pipe: Descriptor
  private let state = Mutex(State())

  init(reading pipe: Descriptor) {
    self.pipe = pipe
    DescriptorIO.setNonBlocking(pipe)
  }

  func start() throws {
    let token = try Reactor.shared.watch(pipe) { [weak self] in
      if self?.readOnce() == .ended { self?.stop() }
    }
    state.withLock { $0.token = token }
  }

  /// Takes what is in the pipe, and not more: programs that the child started may hold it open. Returns the tail.
  func finish() -> String {
    for _ in 0..<64 where readOnce() != .took { break }
    stop()
    let (rest, tail) = state.withLock { state in
      defer { state.line = [] }
      return (state.line, state.tail)
    }
    if !rest.isEmpty { StandardErrorWriter.current.write(rest + [10]) }
    return String(decoding: tail, as: UTF8.self)
  }

  private func stop() {
    let token = state.withLock { state in
      defer { (state.token, state.hasEnded) = (nil, true) }
      return state.token
    }
    if let token { Reactor.shared.cancel(token) }
  }

  private enum Step { case took, nothing, ended }

  /// The reactor's thread and `finish` may both read: the lock keeps lines in order. Nothing in it waits.
  private func readOnce() -> Step {
    state.withLock { state in
      guard !state.hasEnded else { return .nothing }
      switch DescriptorIO.read(from: pipe) {
      case .wouldBlock: return .nothing
      case .end: return .ended
      case .bytes(let bytes):
        state.take(bytes)
        return .took
      }
    }
  }

  private struct State {
    var token: Reactor.Token?
    var hasEnded = false
    var tail: [UInt8] = []
    /// A line whose end has not come yet.
    var line: [UInt8] = []

    static let tailLimit = 8192
    /// A line longer than this is passed on in pieces.
    static let lineLimit = 65_536

    mutating func take(_ bytes: [UInt8]) {
      tail += bytes
      if tail.count > Self.tailLimit { tail.removeFirst(tail.count - Self.tailLimit) }
      line += bytes
      let end = line.lastIndex(of: 10).map { $0 + 1 } ?? (line.count > Self.lineLimit ? line.count : 0)
      guard end > 0 else { return }
      StandardErrorWriter.current.write(Array(line[..<end]))
      line.removeFirst(end)
    }
  }
}
