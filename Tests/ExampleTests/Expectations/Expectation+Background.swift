extension Expectation {
  static let background: [Expectation] = [
    Expectation("typed-and-boxed", .lines(["typed: c = 3", "boxed: c = 3", "bytes: 8 and 32"])),
    Expectation(
      "data-race",
      .lines([#"load, then store: -?\d+, and another number next time"#, "one atomic step: 0"])),
    Expectation("reference-counts", .lines(["one name, unique: true", "two names, unique: false"])),
    Expectation(
      "countdown",
      .lines(["one thread: \(seconds)", "two threads: \(seconds)", #"check: -?\d+"#]),
      .check("two threads are not slower than one, as Python's are (1.85 times)") { run in
        // An optimised build counts in no time worth comparing.
        let one = try run.time("one thread")
        return try one < 0.05 || run.time("two threads") < 1.6 * one
      }, isTimed: true),
    Expectation(
      "waiting-overlaps",
      .lines(["one task: \(seconds)", "two tasks: \(seconds)"]),
      .check("two tasks wait at the same time") { run in
        try run.time("two tasks") < run.time("one task")
      }, isTimed: true),
    Expectation("race-avoided-by-order", .lines(["0"])),
    Expectation("race-avoided-by-mutex", .lines(["0"])),
  ]
}
