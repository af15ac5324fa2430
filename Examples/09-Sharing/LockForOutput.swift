internal import Multiprocessing

extension Program {
  // The original does not join, and under its own default start method most of its children find the lock gone.
  static let lockForOutput = Program(
    "lock-for-output", rows: [15], .sharing, "ten processes print, one at a time, by every start method"
  ) {
    for method in StartMethod.forTasks {
      let lock = try Lock()
      let children = try (0..<10).map { number in
        try ChildProcess.start(lock, number, context: ProcessContext(method)) { lock, number in
          try await lock.withLock { print("hello world", number) }
        }
      }
      for child in children { try await child.value }
    }
  }
}
