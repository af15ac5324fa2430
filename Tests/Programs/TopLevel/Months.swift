import Synchronization

/// Globals outside `main.swift` are made on first use, in each process.
let months = ["January", "February", "March", "April", "May", "June"]

final class Counter: Sendable {
  static let shared = Counter()
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}
