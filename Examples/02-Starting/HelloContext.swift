internal import Multiprocessing

extension Program {
  // Fixed: the original has a syntax error in its import, and never started its process.
  static let helloContext = Program("hello-context", rows: [11], .starting, "choosing the start method for one child") {
    let context = ProcessContext(.spawn)
    let child = try ChildProcess.start("bob", context: context) { name in
      print("hello", name)
      print("spawned: \(CurrentProcess.startMethod == .spawn)")
    }
    try await child.join()
  }
}
