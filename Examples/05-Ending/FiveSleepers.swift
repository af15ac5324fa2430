internal import Multiprocessing

extension Program {
  // Each sleeps for the same time, all at once: the five together take no longer than one.
  static let fiveSleepers = Program("five-sleepers", rows: [37], .ending, "five children sleep at the same time") {
    let allHaveBegun = try Barrier(parties: 5)
    for number in 0..<5 {
      try ChildProcess.start(String(number), 0.5, allHaveBegun) { name, seconds, allHaveBegun in
        print(name, "doing stuff...")
        _ = try await allHaveBegun.wait()
        try await Task.sleep(for: .seconds(seconds))
        print(name, "stuff done")
      }
    }
  }
}
