/// Stands for a request: all its time is waiting.
func sendRequests(_ count: Int) async throws {
  for _ in 0..<count { try await Task.sleep(for: .milliseconds(10)) }
}

extension Program {
  // The original asks an Elasticsearch server; here each request is a pause.
  static let waitingOverlaps = Program(
    "waiting-overlaps", rows: [6], .background, "waiting for requests, one task and two"
  ) {
    let clock = ContinuousClock()
    let single = try await clock.measure { try await sendRequests(40) }
    let double = try await clock.measure {
      async let first: Void = sendRequests(20)
      async let second: Void = sendRequests(20)
      _ = try await (first, second)
    }
    print("one task: \(single)")
    print("two tasks: \(double)")
  }
}
