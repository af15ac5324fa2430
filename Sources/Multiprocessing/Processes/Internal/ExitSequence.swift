internal import MultiprocessingSystem
internal import Synchronization

/// What happens when this process ends by `exit` or by returning from main: pools finish, exit handlers run, daemons are
/// killed, other children are joined.
///
/// Registered with `atexit` at the first start of a child or handler. A forked copy inherits the registration and not
/// the state, so it does nothing there for its parent's children.
final class ExitSequence: Sendable {
  static var current: ExitSequence { perProcess.value }
  private static let perProcess = PerProcess { ExitSequence() }

  private struct State {
    var isRegistered = false
    var hasRun = false
    var nextKey = 0
    /// What has to end before daemons are killed: pools with work.
    var finishers: [Int: @Sendable () -> Void] = [:]
    var handlers: [ExitHandler] = []
  }

  private let state = Mutex(State())

  static func register() {
    let isFirst = current.state.withLock { state in
      defer { state.isRegistered = true }
      return !state.isRegistered
    }
    if isFirst { ProcessControl.atExit { ExitSequence.perProcess.existing?.run() } }
  }

  /// In a child that ended its task: now, so that what its children do is over before the parent sees it end.
  static func runInChild() { perProcess.existing?.run() }

  func addFinisher(_ body: @escaping @Sendable () -> Void) -> Int {
    Self.register()
    return state.withLock { state in
      state.nextKey += 1
      state.finishers[state.nextKey] = body
      return state.nextKey
    }
  }

  func removeFinisher(_ key: Int) {
    let finisher = state.withLock { $0.finishers.removeValue(forKey: key) }
    withExtendedLifetime(finisher) {}
  }

  func add(_ handler: ExitHandler) {
    Self.register()
    state.withLock { $0.handlers.append(handler) }
  }

  func remove(_ handler: ExitHandler) {
    state.withLock { $0.handlers.removeAll { $0 === handler } }
  }

  private func run() {
    let isFirst = state.withLock { state in
      defer { state.hasRun = true }
      return !state.hasRun
    }
    guard isFirst else { return }
    for finisher in state.withLock({ $0.finishers.sorted { $0.key < $1.key }.map(\.value) }) { finisher() }
    runHandlers { $0 >= 0 }
    ProcessFamily.current.endAll()
    runHandlers { _ in true }
    LogHandOver.existing?.flush(timeout: .seconds(5))
    StandardErrorWriter.current.flush(timeout: .seconds(5))
  }

  /// Higher priorities first, and among equals the last registered first. A handler may register others.
  private func runHandlers(where isDue: (Int) -> Bool) {
    while let next = takeHandler(where: isDue) { next.run() }
  }

  private func takeHandler(where isDue: (Int) -> Bool) -> ExitHandler? {
    state.withLock { state in
      var best: Int?
      for index in state.handlers.indices where isDue(state.handlers[index].priority) {
        if best.map({ state.handlers[index].priority >= state.handlers[$0].priority }) ?? true { best = index }
      }
      return best.map { state.handlers.remove(at: $0) }
    }
  }
}
