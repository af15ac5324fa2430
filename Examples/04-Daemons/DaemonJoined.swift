internal import Multiprocessing

extension Program {
  static let daemonJoined = Program("daemon-joined", rows: [30], .daemons, "a daemon that is joined ends first") {
    let child = try ChildProcess.start(isDaemon: true) {
      print(CurrentProcess.id)
      print("Child process")
    }
    try await child.join()
    print("Parent process")
  }
}
