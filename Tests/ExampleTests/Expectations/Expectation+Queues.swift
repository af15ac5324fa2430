extension Expectation {
  static let queues: [Expectation] = [
    Expectation("mixed-values", .lines([#"\[42, None, 'hello'\]"#])),
    Expectation("ordinary-queue", .lines(["in the array: 0, in the queue: 1"])),
    Expectation("ping-pong-counter", .anyOrder((0..<100).map { $0 < 50 ? "Ping" : "Pong" })),
    Expectation("ping-pong-queue", .lines([String](repeating: "P[io]ng", count: 50))),
    Expectation(
      "get-with-timeout", .lines(["at once: nothing", "after 20 ms: timed out", "when there is one: an item"])),
  ]
}
