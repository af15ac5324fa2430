internal import Multiprocessing

func sayInTurn(_ word: String, _ token: Queue<Int>) async throws {
  var counter = try await token.get()
  while counter < 50 {
    print(word)
    try await token.put(counter + 1)
    try await Task.sleep(for: .milliseconds(1))
    counter = try await token.get()
  }
}

extension Program {
  // The original waits in a loop that does nothing until one of the two has ended.
  static let pingPongQueue = Program(
    "ping-pong-queue", rows: [56], .queues, "two processes count to fifty together, by a queue"
  ) {
    let token = try Queue<Int>()
    try await token.put(0)
    let children = try ["Ping", "Pong"].map { word in
      try ChildProcess.start(word, token) { try await sayInTurn($0, $1) }
    }
    _ = try await waitForAny(of: children)
    try await token.put(50)
    for child in children { try await child.value }
  }
}
