internal import MultiprocessingSystem

/// The tasks that a child has been sent and not begun, in the order of their sending.
///
/// Without rings they come by the socket. With rings the order is the ring's: where a task was too large for it, there is
/// an `elsewhere` with its number, and the task itself was sent by the socket before; it may be read later.
struct TaskIntake: Sendable {
  private var ring: FrameRingReader?
  /// Taken from the ring, or from the socket where there is none.
  private var waiting: [Frame] = []
  /// By the socket, not come up yet.
  private var bySocket: [UInt64: Frame] = [:]
  /// Dropped before they came up, with how many places they have: one may be given back, sent again and dropped again.
  private var dropped: [UInt64: Int] = [:]

  mutating func use(_ ring: FrameRingReader) { self.ring = ring }

  /// A task that came by the socket.
  mutating func add(_ frame: Frame) {
    if ring == nil { waiting.append(frame) } else { bySocket[frame.task] = frame }
  }

  /// What changes when the ring brings a task, and its value while it has none.
  var mark: (word: SharedWord, value: UInt32)? { ring?.mark }

  /// The next task; nil when there is none, or its content is still on its way.
  ///
  /// - Throws: `notTransferable` when the ring makes no sense.
  mutating func next() throws -> Frame? {
    while true {
      if waiting.isEmpty, let frame = try ring?.take() {
        // As always: nothing is put in line that goes at once.
        if frame.kind == .task { return frame }
        waiting.append(frame)
      }
      guard let first = waiting.first else { return nil }
      guard first.kind == .elsewhere else { return waiting.removeFirst() }
      if let count = dropped[first.task] {
        dropped[first.task] = count > 1 ? count - 1 : nil
        waiting.removeFirst()
      } else if let frame = bySocket.removeValue(forKey: first.task) {
        waiting.removeFirst()
        return frame
      } else {
        return nil
      }
    }
  }

  /// Forgets a task; true when it was there.
  ///
  /// - Throws: as `next`.
  mutating func drop(_ task: UInt64) throws -> Bool {
    if bySocket.removeValue(forKey: task) != nil {
      dropped[task, default: 0] += 1
      return true
    }
    while let frame = try ring?.take() { waiting.append(frame) }
    guard let place = waiting.firstIndex(where: { $0.task == task && $0.kind == .task }) else { return false }
    waiting.remove(at: place)
    return true
  }

  /// Takes everything, for somebody who cannot run it.
  mutating func removeAll() -> [Frame] {
    while let frame = try? ring?.take() { waiting.append(frame) }
    defer { (waiting, bySocket, dropped) = ([], [:], [:]) }
    return waiting.filter { $0.kind == .task } + bySocket.values
  }

  /// Nothing is left, on the way neither.
  var isEmpty: Bool { waiting.isEmpty && bySocket.isEmpty && ring?.hasMore != true }
}
