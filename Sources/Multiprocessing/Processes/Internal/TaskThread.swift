internal import MultiprocessingSystem
internal import Synchronization

/// The thread on which the tasks of a child take their first step, up to where they first suspend. After that they are
/// on the cooperative pool, like any task.
///
/// A task that only computes never suspends, so its process needs no Dispatch: no pool, no manager thread, no timer. The
/// main thread stays free to serve the main actor. One task is in its first step at a time.
final class TaskThread: Sendable {
  private struct State {
    var isRunning = false
    var flag: SleepFlag
    /// Has the memory of the flag.
    var keeper: AnyObject?
  }

  private let state: Mutex<State>
  private let spinning = SpinBudget()

  init() {
    // SAFETY: a word for the life of the process, as the thread is.
    let word = UnsafeMutableRawPointer(UnsafeMutablePointer<UInt32>.allocate(capacity: 1))
    let flag = SleepFlag(word: SharedWord(at: word))
    flag.retract()
    state = Mutex(State(flag: flag))
  }

  /// Sleeps on this flag instead of its own, whose memory is `keeper`'s. Before the start only.
  func use(_ flag: SleepFlag, in keeper: some AnyObject & Sendable) {
    state.withLock { ($0.flag, $0.keeper) = (flag, keeper) }
  }

  /// Lets the thread look for work, and starts it at the first call.
  ///
  /// - Parameter next: work, or nil when there is none.
  /// - Parameter mark: a word that changes when there is more, and its value as long as there is none, for a thread that
  ///   may spin; nil when it may not.
  /// - Throws: a `SystemError` when the thread cannot be started.
  func wake(
    _ next: @escaping @Sendable () -> (@Sendable () -> Void)?,
    spinningOn mark: @escaping @Sendable () -> (word: SharedWord, value: UInt32)?
  ) throws {
    let (mustStart, flag) = state.withLock { state in
      defer { state.isRunning = true }
      return (!state.isRunning, state.flag)
    }
    guard mustStart else { return flag.ring() }
    do {
      try SystemThread.start(named: "mp-task", taking: .all) { self.serve(flag, next, mark) }
    } catch {
      state.withLock { $0.isRunning = false }
      throw error
    }
  }

  private func serve(
    _ flag: SleepFlag, _ next: () -> (@Sendable () -> Void)?, _ mark: () -> (word: SharedWord, value: UInt32)?
  ) {
    while true {
      if let step = next() {
        step()
      } else if let mark = mark(), spinning.spin(on: mark.word, while: mark.value) {
        continue
      } else {
        flag.announce()
        if let step = next() {
          flag.retract()
          step()
        } else {
          flag.sleep()
        }
      }
    }
  }
}
