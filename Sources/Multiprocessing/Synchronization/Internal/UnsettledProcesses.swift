internal import MultiprocessingSystem
internal import Synchronization

/// Processes of which this one could not find out whether they live, to be looked at again: soon, or where there are no
/// means for a timer, at the next death or start that is noted.
final class UnsettledProcesses: Sendable {
  static var current: UnsettledProcesses { perProcess.value }
  private static let perProcess = PerProcess { UnsettledProcesses() }

  private struct State {
    var ids: Set<OwnerID> = []
    var isTimed = false
    var delay = UnsettledProcesses.firstDelay
  }

  private static let firstDelay = Duration.milliseconds(50)
  /// What cannot be found out for long costs little.
  private static let longestDelay = Duration.milliseconds(400)

  private let state = Mutex(State())

  /// Takes a process in; `look` is called soon.
  func add(_ id: OwnerID, look: @escaping @Sendable () -> Void) {
    let delay: Duration? = state.withLock { state in
      state.ids.insert(id)
      if state.isTimed { return nil }
      state.isTimed = true
      defer { state.delay = min(state.delay * 2, Self.longestDelay) }
      return state.delay
    }
    guard let delay else { return }
    let timer = try? Reactor.shared.schedule(at: .now + delay) {
      self.state.withLock { $0.isTimed = false }
      look()
    }
    if timer == nil { state.withLock { $0.isTimed = false } }
  }

  func takeAll() -> Set<OwnerID> {
    state.withLock { state in
      if state.ids.isEmpty { state.delay = Self.firstDelay }
      defer { state.ids = [] }
      return state.ids
    }
  }
}
