internal import Multiprocessing

/// Each process has its own.
enum PingPongCounter {
  nonisolated(unsafe) static var value = 0
}

func sayFifty(_ word: String) async throws {
  while PingPongCounter.value < 50 {
    print(word)
    PingPongCounter.value += 1
    try await Task.sleep(for: .milliseconds(1))
  }
}

extension Program {
  static let pingPongCounter = Program(
    "ping-pong-counter", rows: [55], .queues, "a global counter does not join two processes: fifty words each"
  ) {
    let children = try ["Ping", "Pong"].map { word in try ChildProcess.start(word) { try await sayFifty($0) } }
    for child in children { try await child.value }
  }
}
