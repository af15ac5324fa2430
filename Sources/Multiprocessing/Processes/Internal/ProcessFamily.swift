internal import MultiprocessingSystem
internal import Synchronization

/// The children of this process that have not been collected.
final class ProcessFamily: Sendable {
  static var current: ProcessFamily { perProcess.value }
  private static let perProcess = PerProcess { ProcessFamily() }

  struct Member: Sendable {
    let process: RunningProcess
    let handle: any ChildProcessHandle
  }

  private struct State {
    /// By what stands for one process for ever, as its id does not: a child may get the id of one that has just ended.
    var members: [ObjectIdentifier: Member] = [:]
    var count = 0
    var hasCheckedSignals = false
  }

  private let state = Mutex(State())

  /// Name and number of the next child: `Process-1`, and `Process-1:2` for the second child of that one.
  func nextName(_ prefix: String) -> (name: String, path: [Int]) {
    let count = state.withLock { state in
      state.count += 1
      return state.count
    }
    let path = ProcessIdentity.current.path + [count]
    return ("\(prefix)-\(path.map(String.init).joined(separator: ":"))", path)
  }

  /// Before the first child: a program that ignores SIGCHLD would never learn of an exit.
  func keepExitStatuses() {
    let isFirst = state.withLock { state in
      defer { state.hasCheckedSignals = true }
      return !state.hasCheckedSignals
    }
    if isFirst, ProcessControl.keepExitStatuses() {
      EventLog.warning("SIGCHLD was ignored, which loses exit statuses: its default was restored")
    }
  }

  /// Takes a child on until it ends, and says so in the log.
  func add(_ member: Member) {
    let key = ObjectIdentifier(member.process)
    state.withLock { $0.members[key] = member }
    member.process.exit.observe { exit in
      _ = self.state.withLock { $0.members.removeValue(forKey: key) }
      EventLog.info("process \(exit.name) ended with \(exit.status)")
    }
  }

  /// The children that run now, in the order of their starts.
  var active: [any ChildProcessHandle] {
    let members = state.withLock { Array($0.members.values) }
    return members.filter { !$0.process.hasEnded }.map(\.handle).sorted { $0.id < $1.id }
  }

  /// Daemons are killed with what they started, and all children are joined.
  func endAll() {
    let members = state.withLock { $0.members.values.sorted { $0.process.id < $1.process.id } }
    for member in members where member.process.isDaemon {
      EventLog.info("killing daemon \(member.process.name)")
      try? member.process.killTree()
    }
    for member in members where !member.process.hasEnded {
      EventLog.info("calling join() for process \(member.process.name)")
      _ = member.process.waitBlocking()
    }
  }
}
