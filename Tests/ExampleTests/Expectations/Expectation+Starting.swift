extension Expectation {
  static let starting: [Expectation] =
    [
      Expectation("hello", .lines(["hello bob"])),
      Expectation("hello-spawned", .lines(["hello bob", "spawned: true"])),
      Expectation("hello-context", .lines(["hello bob", "spawned: true"])),
      Expectation(
        "start-methods",
        .lines([
          "the default is the fork server: true",
          "spawn: memory 0, descriptor closed, \(seconds)",
          "fork server: memory 0, descriptor closed, \(seconds)",
          "again: memory 0, descriptor closed, \(seconds)",
          "fork: memory 42, descriptor open, \(seconds)",
        ])),
      Expectation(
        "main-runs-once",
        .lines([
          "MainProcess: the main part", "Process-1: only its closure", "Process-1:1: only its closure",
        ])),
      Expectation(
        "three-in-order",
        .lines(["This is process: 0", "This is process: 1", "This is process: 2"])),
      Expectation(
        "fork-server",
        .lines((1...3).map { "request \($0), from the fork server: true" })),
    ] + forking

  private static let forking: [Expectation] = [
    Expectation(
      "fork-once",
      .anyOrder([
        "PID: \(identifier)",
        "Subprocess - PID: \(identifier)", "Todo: code executed in child process",
        "parent process - PID: \(identifier)", "Todo: code executed in parent process",
        "fork gave the parent \(identifier)",
      ]),
      .inOrder(["PID: .*", "Subprocess - PID: .*", "Todo: code executed in child process", "fork gave .*"]),
      .inOrder(["PID: .*", "parent process - PID: .*", "Todo: code executed in parent process", "fork gave .*"]),
      .check("fork gives the parent the child's identifier") { run in
        try run.captures(#"Subprocess - PID: (\d+)"#) == run.captures(#"fork gave the parent (\d+)"#)
      },
      .check("the parent stays the same process") { run in
        try run.captures(#"(?:parent process - )?PID: (\d+)"#) == ["\(run.processID)", "\(run.processID)"]
      }),
    Expectation(
      "fork-identifiers",
      .anyOrder(["PID of Parent process is : \(identifier)", "PID of Child process is : \(identifier)"]),
      .check("only the parent has the program's identifier") { run in
        let parent = try run.captures(#"PID of Parent process is : (\d+)"#)
        let child = try run.captures(#"PID of Child process is : (\d+)"#)
        return parent == ["\(run.processID)"] && child != parent
      }),
    Expectation(
      "fork-is-synchronous",
      .lines([
        "forked child: the lock is held, and nobody is left to release it",
        "fresh child: the lock is free",
        "parent: the lock is free",
      ])),
  ]
}
