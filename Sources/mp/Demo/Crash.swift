internal import ArgumentParser
internal import Multiprocessing
internal import MultiprocessingSystem

/// Eight tasks, four of which come to a bad end; the others do not notice.
struct Crash: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs eight tasks: one indexes out of range, one calls fatalError, one is killed, one never ends.")

  func run() async throws {
    try await withProcessPool(workers: 4) { pool in
      let hasBegun = try Event()
      let victim = try pool.submit(CrashTask(number: 5, hasBegun: hasBegun))
      // Before there are others, so that the busy worker is the victim's.
      try await hasBegun.wait()
      let worker = pool.workers.first(where: \.isBusy)
      let killer = Task { try await strike(worker) }
      var tasks = try (1...4).map { try pool.submit(CrashTask(number: $0)) }
      tasks.append(victim)
      tasks.append(try pool.submit(CrashTask(number: 6), options: .timeout(.milliseconds(500))))
      tasks += try (7...8).map { try pool.submit(CrashTask(number: $0)) }
      try await killer.value
      for (index, task) in tasks.enumerated() { await report(task, number: index + 1) }
      print("the pool goes on: \(pool.statistics)")
    }
  }

  /// What another program, or an administrator, might do.
  private func strike(_ worker: WorkerInfo?) async throws {
    guard let worker else { return }
    try await Task.sleep(for: .milliseconds(100))
    try ProcessControl.signal(worker.processID, ProcessControl.killSignal)
  }

  private func report(_ task: PoolTask<String>, number: Int) async {
    do {
      print("task \(number): \(try await task.value)")
    } catch {
      print("task \(number): \(error)")
    }
  }
}

/// One of the eight.
struct CrashTask: ProcessTask {
  let number: Int
  var hasBegun: Event?

  func run() async throws -> String {
    switch number {
    case 2: return "never: \([1, 2, 3][number + Int(CurrentProcess.id.signum()) * 5])"
    case 4: fatalError("task 4 gives up")
    case 5:
      hasBegun?.set()
      try await Task.sleep(for: .seconds(60))
    case 6: spin()
    default: break
    }
    return "\(number * number), from \(CurrentProcess.name)"
  }

  /// Never ends, and looks at nothing.
  private func spin() {
    var rounds: UInt64 = 0
    while rounds < .max { rounds &+= CurrentProcess.id > 0 ? 0 : 1 }
  }
}
