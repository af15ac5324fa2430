internal import Multiprocessing

extension Program {
  // The original's "a queue is one-way, a pipe is two-way"; here the types say what goes which way.
  static let twoWayPipe = Program("two-way-pipe", rows: [44], .channels, "ping and pong over one connection") {
    let (ours, theirs) = try Connection<String, String>.pair()
    let child = try ChildProcess.start(theirs) { connection in
      do {
        while true { try await connection.send("pong to " + connection.receive()) }
      } catch let error as MultiprocessingError where error.code == .closed {
        print("child: nobody is there any more")
      }
    }
    theirs.close()
    for number in 1...3 {
      try await ours.send("ping \(number)")
      print(try await ours.receive())
    }
    ours.close()
    try await child.value
  }
}
