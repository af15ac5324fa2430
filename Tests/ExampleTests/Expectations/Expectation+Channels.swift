extension Expectation {
  static let channels: [Expectation] = [
    Expectation("pipe", .lines([#"\[42, None, 'hello'\]"#, "the other end is closed"])),
    Expectation(
      "two-way-pipe",
      .lines(["pong to ping 1", "pong to ping 2", "pong to ping 3", "child: nobody is there any more"])),
    Expectation(
      "client-and-server",
      .lines([
        "a client has gone", "a client has gone", #"\[1, 4, 9\]"#, #"\[1, 4, 9\]"#, "a stranger: authenticationFailed",
      ])),
  ]
}
