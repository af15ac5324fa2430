internal import Multiprocessing

extension Program {
  // Fixed: the original has no guard around its main part, so a spawned child would start it again.
  static let twoIdentifiers = Program("two-identifiers", rows: [67], .names, "the identifiers of main and child") {
    print("PID of Main process is: \(CurrentProcess.id)")
    let child = try ChildProcess.start {
      print("PID of Child Process is: \(CurrentProcess.id)")
    }
    try await child.join()
  }
}
