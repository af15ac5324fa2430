internal import Multiprocessing

/// One count more in a shared number, by one process.
extension Scenario {
  static let valueIncrement = Scenario("value_incr_uncontended", unit: "ns") { report in
    let value = try SharedValue(0)
    report.figure("ours") { perStep(1_000_000) { value.value += 1 } }
    let atomic = try SharedAtomic(0)
    report.figure("ours_atomic") { perStep(1_000_000) { atomic.wrappingAdd(1) } }
  }

  /// The same by two processes at once; per count of either.
  static let valueIncrementByTwo = Scenario("value_incr_contended2", unit: "ns/op") { report in
    try await report.figure("ours") {
      let value = try SharedValue(0)
      return try await byTwo { start, count in
        try ChildProcess.start(value, start, count) { value, start, count in
          start.wait()
          for _ in 0..<count { value.value += 1 }
        }
      }
    }
    try await report.figure("ours_atomic") {
      let atomic = try SharedAtomic(0)
      return try await byTwo { start, count in
        try ChildProcess.start(atomic, start, count) { atomic, start, count in
          start.wait()
          for _ in 0..<count { atomic.wrappingAdd(1) }
        }
      }
    }
  }

  private static func perStep(_ count: Int, _ step: () -> Void) -> Double {
    let samples = (0..<5).map { _ in
      Timing.microseconds { for _ in 0..<count { step() } }
    }
    return Timing.median(samples) * 1000 / Double(count)
  }

  private static func byTwo(_ start: (StartSignal, Int) throws -> ChildProcess<Void>) async throws -> Double {
    let (signal, count) = (try StartSignal(parties: 2), 500_000)
    let children = try [start(signal, count), start(signal, count)]
    signal.open()
    let began = ContinuousClock.now
    for child in children { try await child.join() }
    return began.duration(to: .now) / .nanoseconds(1) / Double(2 * count)
  }
}

/// Lets several processes begin at the same moment.
struct StartSignal: Codable {
  private let missing: SharedAtomic<Int>

  init(parties: Int) throws { missing = try SharedAtomic(parties + 1) }

  /// Says that this process is there, and waits for the others.
  func wait() {
    missing.wrappingSubtract(1)
    while missing.load() != 0 {}
  }

  /// Waits for all, and lets them begin.
  func open() {
    while missing.load() != 1 {}
    missing.wrappingSubtract(1)
  }
}
