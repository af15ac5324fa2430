internal import Multiprocessing

extension Program {
  static let forkOnce = Program("fork-once", rows: [51], .starting, "a forked copy goes its own way") {
    print("PID: \(CurrentProcess.id)")
    let child = try ChildProcess.fork {
      print("Subprocess - PID: \(CurrentProcess.id)")
      print("Todo: code executed in child process")
    }
    print("parent process - PID: \(CurrentProcess.id)")
    print("Todo: code executed in parent process")
    try await child.join()
    print("fork gave the parent \(child.id)")
  }
}
