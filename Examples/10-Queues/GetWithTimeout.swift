internal import Multiprocessing

extension Program {
  static let getWithTimeout = Program(
    "get-with-timeout", rows: [57], .queues, "a get waits for an item, for a time, or not at all"
  ) {
    let queue = try Queue<String>()
    print("at once: \(try queue.tryGet() ?? "nothing")")
    do { print(try await queue.get(timeout: .milliseconds(20))) } catch let error as MultiprocessingError {
      print("after 20 ms: \(error.code == .timedOut ? "timed out" : "\(error)")")
    }
    let child = try ChildProcess.start(queue) { queue in
      try await Task.sleep(for: .milliseconds(20))
      try await queue.put("an item")
    }
    print("when there is one: \(try await queue.get())")
    try await child.value
  }
}
