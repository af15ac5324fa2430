internal import Multiprocessing

extension Program {
  static let implicitJoin = Program(
    "implicit-join", rows: [33], .ending, "a program waits for its children before it ends"
  ) {
    try ChildProcess.start {
      print(CurrentProcess.id)
      try await Task.sleep(for: .milliseconds(500))
      print("Child process")
    }
    print("Parent process")
  }
}
