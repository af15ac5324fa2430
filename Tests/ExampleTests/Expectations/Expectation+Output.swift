extension Expectation {
  static let output: [Expectation] = [
    Expectation(
      "logging",
      .anyOrder((0..<5).map { "count: \($0)" }),
      errorOutput: (1...5).map { .count(1...1_000, #".*\bProcess-\#($0)\b.*"#) }),
    Expectation(
      "whole-lines",
      .only(["a", "b", "c", "d"].map { "\($0){100}" }),
      .count(50...50, "a+"), .count(50...50, "b+"), .count(50...50, "c+"), .count(50...50, "d+")),
  ]

  static let parallelism: [Expectation] = [
    Expectation("primes-in-threads", .lines(primeLines + ["threads: \(seconds)"])),
    Expectation("primes-in-processes", .lines(primeLines + ["processes: \(seconds)"])),
    Expectation(
      "available-parallelism",
      .lines([#"in the machine: \d+"#, #"for this process: \d+"#]),
      .check("at least one processor, at most all") { run in
        let all = try run.captures(#"in the machine: (\d+)"#).compactMap { Int($0) }
        let usable = try run.captures(#"for this process: (\d+)"#).compactMap { Int($0) }
        return usable[0] >= 1 && usable[0] <= all[0]
      }),
    Expectation("other-command", .lines(["hello from a shell", "exit status: 3"])),
    Expectation(
      "threads-or-processes",
      .count(7...7, "- .*"),
      .inOrder(["Tasks and threads, .*:", "Processes, .*:", "The input and the results .*"])),
  ]

  /// In the order of the input, whichever is found first.
  private static let primeLines =
    [
      1_116_281, 1_297_337, 104_395_303, 472_882_027, 533_000_389, 817_504_243, 982_451_653, 112_272_535_095_293,
      112_582_705_942_171, 112_272_535_095_293, 115_280_095_190_773, 115_797_848_077_099,
    ].map { "\($0) is prime: true" } + ["1099726899285419 is prime: false"]
}
