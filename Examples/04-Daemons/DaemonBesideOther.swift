internal import Multiprocessing

extension Program {
  // Fixed: the original names variables like its functions, and says the daemon ends with the other child.
  // It ends when main does, at once: at most one Hello.
  static let daemonBesideOther = Program(
    "daemon-beside-other", rows: [64], .daemons, "main waits for the child that is no daemon"
  ) {
    try ChildProcess.start(isDaemon: true) {
      while true {
        print("Hello")
        try await Task.sleep(for: .milliseconds(200))
      }
    }
    try ChildProcess.start {
      print("starting my Process")
      try await Task.sleep(for: .milliseconds(800))
      print("ending my Process")
    }
  }
}
