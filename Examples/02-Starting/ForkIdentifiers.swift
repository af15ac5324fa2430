internal import Multiprocessing

extension Program {
  static let forkIdentifiers = Program(
    "fork-identifiers", rows: [61], .starting, "both sides of a fork print who they are"
  ) {
    let child = try ChildProcess.fork {
      print("PID of Child process is : \(CurrentProcess.id)")
    }
    print("PID of Parent process is : \(CurrentProcess.id)")
    try await child.join()
  }
}
