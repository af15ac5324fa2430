internal import CMultiprocessing
internal import Glibc

/// A thread of the system, for loops that block.
package enum SystemThread {
  /// Runs `body` on a new detached thread with signals blocked, so that handlers run on the program's own threads. Those
  /// of a fault stay open: blocked, they would end the process without a record. `runsUserCode`: SIGPIPE and SIGPROF
  /// stay open too, as on the threads of Dispatch. `sleepsInForks`: a copy of this process is made while the thread is in
  /// a wait of `EventPoll` or `SharedWait` (`mp_gate.h`), which it therefore has to come back to without delay.
  package static func start(
    named name: String, runsUserCode: Bool = false, sleepsInForks: Bool = false, _ body: @escaping @Sendable () -> Void
  ) throws {
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for number in faults + (runsUserCode ? [SIGPIPE, SIGPROF] : []) { sigdelset(&blocked, number) }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    // SAFETY: the new thread takes over the one reference of the box; when there is none, it is released below.
    let box = Unmanaged.passRetained(Body(name: name, sleepsInForks: sleepsInForks, run: body))
    if sleepsInForks { mp_gate_expect() }
    var thread = pthread_t()
    let number = pthread_create(
      &thread, &attributes,
      { argument in
        // SAFETY: the argument is the box that was retained for this thread, which takes the reference once.
        let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
        if body.sleepsInForks { mp_gate_join() }
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
    let sleepsInForks: Bool
    let run: @Sendable () -> Void

    init(name: String, sleepsInForks: Bool, run: @escaping @Sendable () -> Void) {
      (self.name, self.sleepsInForks, self.run) = (name, sleepsInForks, run)
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
