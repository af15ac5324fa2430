internal import Multiprocessing

extension Program {
  static let daemonOfChild = Program(
    "daemon-of-child", rows: [38], .daemons, "a daemon ends with its own parent, not with main"
  ) {
    let parent = try ChildProcess.start {
      let hasBegun = try Event()
      try ChildProcess.start(hasBegun, isDaemon: true) { hasBegun in
        print("daemon child sleeping for 10 seconds...")
        hasBegun.set()
        try await Task.sleep(for: .seconds(10))
        print("child done")
      }
      try await hasBegun.wait()
      print("parent sleeping for half a second...")
      try await Task.sleep(for: .milliseconds(500))
      print("parent done")
    }
    try await parent.join()
    print("main goes on without either")
  }
}
