extension Expectation {
  static let ending: [Expectation] = [
    Expectation("do-stuff", .lines(["doing stuff[.]{3}", "stuff done"])),
    Expectation(
      "five-sleepers",
      .anyOrder((0..<5).flatMap { ["\($0) doing stuff[.]{3}", "\($0) stuff done"] }),
      .check("all have begun before the first is done") { run in
        try run.lines.prefix(5).allSatisfy { try $0.matches(".* doing stuff[.]{3}") }
      }),
    Expectation(
      "implicit-join",
      .anyOrder([identifier, "Parent process", "Child process"]),
      .inOrder([identifier, "Child process"])),
    Expectation("no-zombie", .lines([identifier, "Child process", "Parent process, the child is gone"])),
    Expectation(
      "terminate",
      .only(["Starting function", "My Process .*", "Terminating .*", "Child Process .*"]),
      .count(0...1, "Starting function"),
      .inOrder([
        "My Process has terminated, terminating main thread", "Terminating Child Process",
        #"Child Process successfully terminated: signal 15 \(SIGTERM\)"#,
      ])),
  ]

  static let isolation: [Expectation] = [
    Expectation(
      "nothing-shared",
      .anyOrder([
        "proc number init 0", "proc number done 100", "proc number init 0", "proc number done 100",
        "main done, number 0",
      ]),
      .check("main is last") { $0.lines.last == "main done, number 0" }),
    Expectation(
      "crash-stays-in-child",
      .lines(["the first child crashed", "the second child found 20", "the parent goes on"])),
  ]
}
