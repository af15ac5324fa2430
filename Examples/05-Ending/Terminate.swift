internal import Multiprocessing

extension Program {
  // Fixed: the original has no guard around its main part, and calls the child terminated before it is: join first.
  static let terminate = Program("terminate", rows: [65], .ending, "a child is stopped before it is done") {
    let child = try ChildProcess.start {
      print("Starting function")
      try await Task.sleep(for: .seconds(60))
      print("Finished function")
    }
    print("My Process has terminated, terminating main thread")
    print("Terminating Child Process")
    try child.terminate()
    let status = try await child.join()
    print("Child Process successfully terminated: \(status)")
  }
}
