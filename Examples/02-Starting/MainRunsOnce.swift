internal import Multiprocessing

extension Program {
  // Python imports the main file again in a spawned child: without a guard around the main part it starts children
  // without end, or fails. A child of this library enters its closure instead of `main`; there is nothing to guard.
  static let mainRunsOnce = Program(
    "main-runs-once", rows: [36, 47], .starting, "spawned children need no guard around main"
  ) {
    print("\(CurrentProcess.name): the main part")
    let child = try ChildProcess.start(context: ProcessContext(.spawn)) {
      print("\(CurrentProcess.name): only its closure")
      let grandchild = try ChildProcess.start(context: ProcessContext(.spawn)) {
        print("\(CurrentProcess.name): only its closure")
      }
      try await grandchild.join()
    }
    try await child.join()
  }
}
