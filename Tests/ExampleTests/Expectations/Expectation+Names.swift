extension Expectation {
  static let names: [Expectation] = [
    Expectation(
      "five-names",
      .anyOrder(
        (0..<5).map { "name: process \($0), argument : \($0)" }
          + (0..<5).map { _ in #"parent pid:\d+  pid:\d+"# }),
      .check("a child's two lines stay together") { run in
        try run.lines.indices.allSatisfy { try $0 % 2 == 1 || run.lines[$0].matches("name: .*") }
      },
      .check("one parent, five children") { run in
        try Set(run.captures(#"parent pid:(\d+) .*"#)) == ["\(run.processID)"]
          && Set(run.captures(#"parent .* pid:(\d+)"#)).subtracting(["\(run.processID)"]).count == 5
      }),
    Expectation(
      "worker-type",
      .anyOrder(
        (0..<5).map { "name: process \($0), argument: \($0)" }
          + (0..<5).map { _ in #"parent pid: \d+, pid: \d+"# }),
      .check("one parent, five children") { run in
        try Set(run.captures(#"parent pid: (\d+), .*"#)) == ["\(run.processID)"]
          && Set(run.captures(#"parent .*, pid: (\d+)"#)).subtracting(["\(run.processID)"]).count == 5
      }),
    Expectation(
      "own-identifier",
      .lines([identifier]),
      .check("it is the identifier the system knows") { $0.lines == ["\($0.processID)"] }),
    Expectation(
      "two-identifiers",
      .lines(["PID of Main process is: \(identifier)", "PID of Child Process is: \(identifier)"]),
      .check("main and child are two processes") { run in
        try run.captures(#"PID of Main process is: (\d+)"#) == ["\(run.processID)"]
          && run.captures(#"PID of Child Process is: (\d+)"#) != ["\(run.processID)"]
      }),
    Expectation(
      "names-from-types",
      .lines((1...5).map { "called run method in process: MyProcess-\($0)" })),
    pingPongGood,
  ]

  private static let pingPongGood = Expectation(
    "ping-pong-good",
    .anyOrder(
      ["Name: MainProcess", "Name: Process-1", "Name: Process-2"]
        + Array(repeating: "PID: \(identifier)", count: 3)
        + Array(repeating: "Loop count: 20", count: 3)
        + ["Ping", "Pong", "Good"].flatMap { word in (1...20).map { "\($0): \(word)" } }),
    .inOrder((1...20).map { "\($0): Ping" }),
    .inOrder((1...20).map { "\($0): Pong" }),
    .inOrder((1...20).map { "\($0): Good" }),
    .check("three processes, main among them") { run in
      let identifiers = try Set(run.captures(#"PID: (\d+)"#))
      return identifiers.count == 3 && identifiers.contains("\(run.processID)")
    })
}
