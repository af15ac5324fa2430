internal import Foundation
internal import Multiprocessing

extension Program {
  // The tour through Pool of Python's documentation, in one program as there.
  static let poolTour = Program("pool-tour", rows: Array(19...26), .pools, "what a pool of four workers does") {
    let clock = ContinuousClock()
    let start = clock.now
    let pool = try ProcessPool(workers: 4)
    print(try await pool.map(0..<10) { $0 * $0 })

    var squares: [Int] = []
    for try await square in pool.stream(0..<10, order: .completion, { $0 * $0 }) { squares.append(square) }
    print("in any order: \(squares.sorted())")

    let task = try pool.submit(20) { $0 * $0 }
    print(try await task.value(timeout: .seconds(10)))

    let worker = try await pool.run { CurrentProcess.id }
    print("a worker's identifier, and not ours: \(worker != CurrentProcess.id)")

    let identifiers = try (0..<4).map { _ in try pool.submit { CurrentProcess.id } }
    var workers: Set<ProcessID> = []
    for try await task in identifiers.asCompleted() { workers.insert(try await task.value) }
    print("four tasks, at most four workers: \((1...4).contains(workers.count))")

    let nap = try pool.submit { try await Task.sleep(for: .seconds(60)) }
    do {
      try await nap.value(timeout: .seconds(1))
    } catch let error as MultiprocessingError where error.code == .timedOut {
      print("We lacked patience and got a timeout")
    }
    print("For the moment, the pool remains available for more work: \(try await pool.run { 6 * 7 })")

    await pool.terminate()
    print("Now the pool is closed and no longer available: \((try? pool.submit { 1 }) == nil)")
    print("ended early: \(clock.now - start < .seconds(59))")
  }
}
