internal import Multiprocessing

extension Program {
  // Fixed: the original imported the wrong name and never started its process.
  static let helloSpawned = Program(
    "hello-spawned", rows: [10], .starting, "choosing the start method for all children"
  ) {
    ProcessContext.default = ProcessContext(.spawn)
    let child = try ChildProcess.start("bob") { name in
      print("hello", name)
      print("spawned: \(CurrentProcess.startMethod == .spawn)")
    }
    try await child.join()
  }
}
