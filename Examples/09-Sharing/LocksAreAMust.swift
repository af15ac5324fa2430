internal import Multiprocessing

/// Adds 300 to both numbers, the first in two accesses, with time for others to come between.
func addSlowly(_ numbers: SharedArray<Int>, _ exact: SharedValue<Int>, _ meeting: Barrier) async throws {
  for round in 0..<300 {
    let seen = numbers[0]
    // Once all have read before the first of them writes; from then on that is chance.
    if round == 0 { _ = try await meeting.wait() } else { try await Task.sleep(for: .microseconds(50)) }
    numbers[0] = seen + 1
    try await exact.withLock { $0 += 1 }
  }
}

extension Program {
  // The original's other half, that threads need no locks, is not true in Swift: see "data-race".
  static let locksAreAMust = Program(
    "locks-are-a-must", rows: [42], .sharing, "processes that count in shared memory, without a lock and with one"
  ) {
    let numbers = try SharedArray([0])
    let exact = try SharedValue(0)
    let meeting = try Barrier(parties: 3)
    let children = try (0..<3).map { _ in
      try ChildProcess.start(numbers, exact, meeting) { try await addSlowly($0, $1, $2) }
    }
    for child in children { try await child.value }
    print("without a lock: \(numbers[0]), and another number next time")
    print("with a lock: \(exact.value)")
  }
}
