internal import MultiprocessingSystem
internal import Synchronization

/// One thread that runs the jobs of the tasks that prefer it, so that they may block without taking a thread of the
/// cooperative pool.
final class ThreadExecutor: TaskExecutor {
  fileprivate struct State {
    var jobs: [UnownedJob] = []
    var isStopped = false
    /// What the thread sleeps on while it has no job.
    var gate: Gate?
  }

  private let state = Mutex(State())

  func start(named name: String) throws {
    try SystemThread.start(named: name) { self.run() }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let (isStopped, gate) = state.withLock { state in
      if !state.isStopped { state.jobs.append(job) }
      return (state.isStopped, state.takeGate())
    }
    gate?.open()
    // What a task leaves behind after its end (a child task that outlives it) still has to run.
    if isStopped { Task.detached { job.runSynchronously(on: self.asUnownedTaskExecutor()) } }
  }

  /// Ends the thread when it has run what it was given.
  func stop() {
    let gate = state.withLock { state in
      state.isStopped = true
      return state.takeGate()
    }
    gate?.open()
  }

  private func run() {
    while true {
      let (job, gate) = state.withLock { state -> (UnownedJob?, Gate?) in
        if !state.jobs.isEmpty { return (state.jobs.removeFirst(), nil) }
        if state.isStopped { return (nil, nil) }
        let gate = Gate()
        state.gate = gate
        return (nil, gate)
      }
      if let job {
        job.runSynchronously(on: asUnownedTaskExecutor())
      } else if let gate {
        _ = gate.wait()
      } else {
        return
      }
    }
  }
}

extension ThreadExecutor.State {
  fileprivate mutating func takeGate() -> Gate? {
    defer { gate = nil }
    return gate
  }
}
