extension Expectation {
  static let sharing: [Expectation] = [
    Expectation("lock-for-output", .anyOrder((0..<20).map { "hello world \($0 % 10)" })),
    Expectation("value-and-array", .lines(["3.1415927", #"\[0, -1, -2, -3, -4, -5, -6, -7, -8, -9\]"#])),
    Expectation(
      "locks-are-a-must",
      .lines([#"without a lock: \d+, and another number next time"#, "with a lock: 900"]),
      .check("counts are lost without a lock") { run in
        try run.captures(#"without a lock: (\d+), .*"#).compactMap { Int($0) }.allSatisfy { $0 < 900 }
      }),
  ]
}
