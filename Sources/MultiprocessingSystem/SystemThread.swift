internal import CMultiprocessing
internal import Glibc

/// A thread of the system, for loops that block.
package enum SystemThread {
  /// Which signals a thread takes.
  package enum Signals: Sendable {
    /// Those of a fault, which would end the process without a record: handlers run on the program's own threads.
    case faults
    /// SIGPIPE and SIGPROF too, as on the threads of Dispatch: it runs code of the user's.
    case asOnDispatch
    /// All: it is a thread that the program would have anyway, and starts others, whose mask is its own.
    case all
  }

  /// Runs `body` on a new detached thread. `sleepsInForks`: a copy of this process is made while the thread is in
  /// a wait of `EventPoll` or `SharedWait` (`mp_gate.h`), which it therefore has to come back to without delay.
  package static func start(
    named name: String, taking signals: Signals = .faults, sleepsInForks: Bool = false,
    _ body: @escaping @Sendable () -> Void
  ) throws {
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for number in faults + (signals == .asOnDispatch ? [SIGPIPE, SIGPROF] : []) { sigdelset(&blocked, number) }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    // SAFETY: the new thread takes over the one reference of the box; when there is none, it is released below.
    let box = Unmanaged.passRetained(
      Body(name: name, takesAll: signals == .all, sleepsInForks: sleepsInForks, run: body))
    if sleepsInForks { mp_gate_expect() }
    var thread = pthread_t()
    let number = pthread_create(
      &thread, &attributes,
      { argument in
        // SAFETY: the argument is the box that was retained for this thread, which takes the reference once.
        let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
        if body.sleepsInForks { mp_gate_join() }
        if body.takesAll {
          // Here and not before: what is pending is for this thread, not for the one that started it.
          var none = sigset_t()
          sigemptyset(&none)
          pthread_sigmask(SIG_SETMASK, &none, nil)
        }
        mp_set_thread_name(body.name)
        body.run()
        if body.sleepsInForks { mp_gate_part() }
        return nil
      }, box.toOpaque())
    if number != 0 {
      box.release()
      if sleepsInForks { mp_gate_give_up() }
      throw SystemError(call: "pthread_create", number: number)
    }
  }

  private static var faults: [Int32] { [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS] }

  private final class Body: Sendable {
    let name: String
    let takesAll: Bool
    let sleepsInForks: Bool
    let run: @Sendable () -> Void

    init(name: String, takesAll: Bool, sleepsInForks: Bool, run: @escaping @Sendable () -> Void) {
      (self.name, self.takesAll, self.sleepsInForks, self.run) = (name, takesAll, sleepsInForks, run)
    }
  }

  /// The number of threads of this process.
  package static var count: Int {
    guard let directory = opendir("/proc/self/task") else { return 1 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count - 2
  }
}
