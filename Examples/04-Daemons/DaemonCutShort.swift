internal import Multiprocessing

extension Program {
  static let daemonCutShort = Program(
    "daemon-cut-short", rows: [34], .daemons, "only children that are no daemons are joined at the end"
  ) {
    try ChildProcess.start(isDaemon: true) {
      print(CurrentProcess.id)
      print("Child process")
      try await Task.sleep(for: .seconds(20))
      print("never printed")
    }
    print("Parent process")
  }
}
