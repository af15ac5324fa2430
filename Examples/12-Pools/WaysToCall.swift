internal import Multiprocessing

extension Program {
  // Python's apply, apply_async, map and map_async. Where Python has a form that blocks and one that does not, Swift
  // awaits now or later.
  static let waysToCall = Program("ways-to-call", rows: [27], .pools, "now or later, one or many") {
    try await withProcessPool(workers: 2) { pool in
      let one = try await pool.run(3) { $0 * $0 }
      print("awaited now: \(one)")

      let mayEnd = try Event()
      let task = try pool.submit(4, mayEnd) { number, mayEnd in
        try await mayEnd.wait()
        return number * number
      }
      print("submitted, and done: \(task.isDone)")
      mayEnd.set()
      print("awaited later: \(try await task.value)")

      let many = try await pool.map([1, 2, 3]) { $0 * $0 }
      print("mapped: \(many)")

      async let later = pool.map([4, 5, 6]) { $0 * $0 }
      print("mapped later: \(try await later)")
    }
  }
}
