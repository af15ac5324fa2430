extension Expectation {
  static let daemons: [Expectation] = [
    Expectation("daemon-ends-with-parent", .lines([])),
    Expectation("daemon-joined", .lines([identifier, "Child process", "Parent process"])),
    Expectation("daemon-not-joined", .count(1...1, "Parent process"), .count(0...1, "Child process"), printsNoMore),
    Expectation("daemon-cut-short", .count(1...1, "Parent process"), .count(0...1, "Child process"), printsNoMore),
    Expectation(
      "daemon-of-child",
      .anyOrder([
        "parent sleeping for half a second[.]{3}", "daemon child sleeping for 10 seconds[.]{3}", "parent done",
        "main goes on without either",
      ]),
      .inOrder(["parent sleeping .*", "parent done", "main goes on without either"])),
    Expectation(
      "daemon-with-children",
      .lines([
        "the child of a daemon computed 42", "Process-2:1 is the child of a daemon", "main ends",
      ])),
    Expectation(
      "daemon-beside-other",
      .only(["Hello", "starting my Process", "ending my Process"]),
      // Four or five when it were killed only with the end of the other.
      .count(0...3, "Hello"),
      .count(2...2, "(starting|ending) my Process"),
      .inOrder(["starting my Process", "ending my Process"]), isTimed: true),
  ]

  private static let printsNoMore = Rule.only([identifier, "Child process", "Parent process"])
}
