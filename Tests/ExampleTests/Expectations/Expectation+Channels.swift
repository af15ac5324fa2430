extension Expectation {
  static let channels: [Expectation] = [
    Expectation("pipe", .lines([#"\[42, None, 'hello'\]"#, "the other end is closed"])),
    Expectation(
      "two-way-pipe",
      .lines(["pong to ping 1", "pong to ping 2", "pong to ping 3", "child: nobody is there any more"])),
    Expectation(
      "client-and-server",
      .lines(["3 squared is 9", "4 squared is 16", "a stranger: authenticationFailed"])),
  ]
}
