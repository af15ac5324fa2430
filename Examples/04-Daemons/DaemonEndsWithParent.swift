internal import Multiprocessing

extension Program {
  static let daemonEndsWithParent = Program(
    "daemon-ends-with-parent", rows: [29], .daemons, "a daemon is killed when its parent ends: nothing is printed"
  ) {
    try ChildProcess.start(0, isDaemon: true) { number in
      try await Task.sleep(for: .seconds(10))
      print(CurrentProcess.id)
      print(number)
      print(String(repeating: "-", count: 100))
    }
  }
}
