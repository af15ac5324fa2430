/// The prime program from its start to its end: 65 numbers, 16 workers.
extension Scenario {
  static let primes = Scenario("seed_primes_wall", unit: "s") { report in
    let program = Program(beside: "primes")
    for (subject, argument) in [("ours_processes16", "processes"), ("ours_threads16", "threads")] {
      try report.figure(subject) { try Timing.microseconds { try program.run([argument]) } / 1_000_000 }
    }
  }

  /// The same, with one worker and with two: how many times faster two are, start and end included.
  static let primesByTwo = Scenario("primes_two_workers", unit: "x") { report in
    let program = Program(beside: "primes")
    for (subject, argument) in [("ours_processes", "processes"), ("ours_threads", "threads")] {
      try report.figure(subject) {
        let one = try Timing.microseconds { try program.run([argument, "1"]) }
        return one / (try Timing.microseconds { try program.run([argument, "2"]) })
      }
    }
  }
}
