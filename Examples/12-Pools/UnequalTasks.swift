internal import Multiprocessing

extension Program {
  // Work that is dealt out beforehand ends with the process that got the long pieces. A pool gives the next piece to
  // whoever is free.
  static let unequalTasks = Program("unequal-tasks", rows: [28], .pools, "a pool balances, fixed shares do not") {
    let milliseconds = [300, 20, 300, 20, 300, 20, 300, 20]
    let clock = ContinuousClock()

    let fixed = try await clock.measure {
      let children = try (0..<2).map { half in
        try ChildProcess.start(milliseconds.indices.filter { $0 % 2 == half }.map { milliseconds[$0] }) { share in
          for time in share { try await Task.sleep(for: .milliseconds(time)) }
        }
      }
      for child in children { try await child.value }
    }
    print("fixed shares: \(fixed)")

    let balanced = try await clock.measure {
      try await withProcessPool(workers: 2) { pool in
        try await pool.map(milliseconds) { try await Task.sleep(for: .milliseconds($0)) }
      }
    }
    print("a pool: \(balanced)")
    print("the pool is faster: \(balanced < fixed)")
  }
}
