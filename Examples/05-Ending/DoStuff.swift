internal import Multiprocessing

extension Program {
  static let doStuff = Program("do-stuff", rows: [35], .ending, "start a child and wait for it") {
    let child = try ChildProcess.start(0.2) { seconds in
      print("doing stuff...")
      try await Task.sleep(for: .seconds(seconds))
      print("stuff done")
    }
    try await child.join()
  }
}
