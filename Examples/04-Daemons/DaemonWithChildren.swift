internal import Multiprocessing

extension Program {
  // Python forbids a daemon to have children, as they would be left behind. Here the whole tree ends together.
  static let daemonWithChildren = Program(
    "daemon-with-children", rows: [39], .daemons, "a daemon may have children; they end with it"
  ) {
    let working = try ChildProcess.start(6, isDaemon: true) { number in
      let child = try ChildProcess.start(number) { $0 * 7 }
      return try await child.value
    }
    print("the child of a daemon computed \(try await working.value)")

    let hasPrinted = try Event()
    try ChildProcess.start(hasPrinted, isDaemon: true) { hasPrinted in
      try ChildProcess.start(hasPrinted) { hasPrinted in
        print("\(CurrentProcess.name) is the child of a daemon")
        hasPrinted.set()
        try await Task.sleep(for: .seconds(10))
        print("never printed")
      }
      try await Task.sleep(for: .seconds(10))
    }
    try await hasPrinted.wait()
    print("main ends")
  }
}
