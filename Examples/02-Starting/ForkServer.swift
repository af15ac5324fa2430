internal import Multiprocessing

extension Program {
  // The original only describes it: a server is made first, takes each request, and creates the process.
  static let forkServer = Program("fork-server", rows: [63], .starting, "a server creates each child on request") {
    let context = ProcessContext(.forkServer)
    for request in 1...3 {
      let child = try ChildProcess.start(request, context: context) { request in
        print("request \(request), from the fork server: \(CurrentProcess.startMethod == .forkServer)")
      }
      try await child.join()
    }
  }
}
