internal import Multiprocessing

extension Program {
  // A race by nature: the child is killed when the parent ends, mostly before it has printed anything.
  static let daemonNotJoined = Program(
    "daemon-not-joined", rows: [31], .daemons, "a daemon that is not joined seldom gets to print"
  ) {
    try ChildProcess.start(isDaemon: true) {
      print(CurrentProcess.id)
      print("Child process")
    }
    print("Parent process")
  }
}
