internal import CMultiprocessing
internal import Glibc

/// Making, watching and signalling processes.
package enum ProcessControl {
  package static var effectiveUser: UInt32 { geteuid() }

  /// Users and groups of a process: what it may do as whom.
  package struct Rights: Equatable, Sendable {
    private var users: [UInt32]
    private var groups: [UInt32]

    package static var own: Rights {
      var ids: [UInt32] = Array(repeating: 0, count: 6)
      mp_user_and_group_ids(&ids)
      var groups: [UInt32] = Array(repeating: 0, count: Int(max(0, getgroups(0, nil))))
      groups.removeLast(groups.count - Int(max(0, getgroups(Int32(groups.count), &groups))))
      return Rights(users: ids, groups: groups)
    }
  }

  /// A copy of this process: nil in the copy, where all signals wait until it resets them.
  package static func fork() throws -> Int32? {
    let id = try systemCall("fork") { mp_fork() }
    return id == 0 ? nil : id
  }

  /// Differs between a process and a copy of it made by `fork`.
  package static var forkGeneration: UInt32 { mp_fork_generation() }
  /// Changes while and when this process is copied by `fork` (`mp_shared.h`).
  package static var forkCount: UInt64 { mp_fork_count() }

  /// A descriptor that becomes readable when the process ends. Throws ESRCH when it is gone and collected.
  package static func watch(_ id: Int32) throws -> Descriptor {
    Descriptor(owning: try systemCall("pidfd_open") { mp_pidfd_open(id) })
  }

  /// What `wait` says of a child.
  package enum Exit: Sendable {
    case running, unknown
    case exited(Int32, cpu: Duration)
    case signaled(Int32, cpu: Duration)
  }

  /// Collects the exit of the child behind `pidfd` without waiting; `keep` looks only. `unknown` when somebody else
  /// collected it.
  package static func exit(of pidfd: Descriptor, keep: Bool = false) -> Exit {
    var code: Int32 = 0
    var status: Int32 = 0
    var cpu: UInt64 = 0
    switch mp_wait_exit(pidfd.number, keep ? 1 : 0, &code, &status, &cpu) {
    case 0: return .running
    // 1 is CLD_EXITED.
    case 1 where code == 1: return .exited(status, cpu: .milliseconds(cpu))
    case 1: return .signaled(status, cpu: .milliseconds(cpu))
    default: return .unknown
    }
  }

  /// Sends a signal to a process, or to a group when `id` is negative. Quietly does nothing when there is none.
  package static func signal(_ id: Int32, _ number: Int32) throws {
    do {
      try systemCall("kill") { kill(id, number) }
    } catch let error as SystemError where error.number == ESRCH {
      return
    }
  }

  /// Sends a signal to the process behind `pidfd`, and to no other that has its id by now. Quietly does nothing when it is
  /// gone.
  package static func signal(_ pidfd: Descriptor, _ number: Int32) throws {
    do {
      try systemCall("pidfd_send_signal") { mp_pidfd_signal(pidfd.number, number) }
    } catch let error as SystemError where error.number == ESRCH {
      return
    }
  }

  /// Whether a process is stopped by a signal or a debugger.
  package static func isStopped(_ id: Int32) -> Bool {
    state(of: id).map { $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "t") } ?? false
  }

  private static func state(of id: Int32) -> UInt8? {
    // `PID (NAME) STATE …`; a name may contain anything.
    guard let text = DescriptorIO.contents(of: "/proc/\(id)/stat"), let end = text.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    return text.dropFirst(end + 2).first
  }

  /// Sends a signal to the calling thread; a handler has run when this returns.
  package static func raise(_ number: Int32) { _ = Glibc.raise(number) }

  /// Calls what a forked copy will call, without effect: the loader looks each function up at its first call, and would
  /// in every copy again.
  package static func rehearseChild() { mp_rehearse_child() }

  /// Lets the system keep exit statuses; true when SIGCHLD had been ignored.
  package static func keepExitStatuses() -> Bool { mp_keep_exit_statuses() == 1 }

  /// Makes SIGTERM wake this instead of ending the process.
  package static func catchTermination() throws -> WakeUp {
    let wakeUp = try WakeUp()
    try systemCall("sigaction") { mp_catch_termination(wakeUp.descriptor.number) }
    return wakeUp
  }

  /// Ends this process without running exit handlers.
  package static func exitNow(_ code: Int32) -> Never { mp_exit_now(code) }

  /// Ends this child as `exit` does: exit handlers, then flushing of C's streams. See `mp_exit_child`.
  package static func exitChild(_ code: Int32) -> Never { mp_exit_child(code) }

  /// Runs `handler` when the process ends by `exit` or by returning from main.
  package static func atExit(_ handler: @convention(c) () -> Void) { atexit(handler) }

  package static let interruptSignal = SIGINT
  package static let terminateSignal = SIGTERM
  package static let killSignal = SIGKILL
  package static let cpuTimeSignal = SIGXCPU
  package static let trapSignals: Set<Int32> = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS]
}

extension ProcessControl {
  /// Ends a child that cannot be watched, and waits for it.
  package static func killAndCollect(_ id: Int32) {
    kill(id, SIGKILL)
    var status: Int32 = 0
    while waitpid(id, &status, 0) == -1, errno == EINTR {}
  }

  /// Ends a child that is stopped. Whoever may collect it must be kept from it meanwhile.
  package static func killIfStopped(_ id: Int32) {
    if isStopped(id) { kill(id, SIGKILL) }
  }

  /// As `killAndCollect`, for one that somebody may have collected: nothing happens then. Whoever else may collect it must
  /// be kept from it meanwhile.
  package static func killAndCollectIfThere(_ id: Int32) {
    var info = siginfo_t()
    if waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT) == 0 { killAndCollect(id) }
  }

  /// Ends and collects the children in a process group whose leader was collected. Others have a moment to leave it.
  package static func collectGroup(_ group: Int32) {
    // A leader again: then there was nobody left in the group, and its number was given away.
    guard kill(group, 0) == -1, errno == ESRCH else { return }
    for round in 0..<100 {
      var found = mp_collect_one(group)
      while found == 1 { found = mp_collect_one(group) }
      if found < 0 { return }
      // There is one, so the number is still its group's.
      if round == 20 { kill(-group, SIGKILL) }
      _ = Polling.once(for: [], milliseconds: 1)
    }
  }

  /// True for a child that has ended and was not collected.
  package static func isZombie(_ id: Int32) -> Bool { state(of: id) == UInt8(ascii: "Z") }
}
