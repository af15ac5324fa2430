internal import Multiprocessing

extension Program {
  // In Python this is several times faster than threads; in Swift about as fast, as both use every core.
  static let primesInProcesses = Program(
    "primes-in-processes", rows: [53], .parallelism, "thirteen numbers, sixteen processes"
  ) {
    let clock = ContinuousClock()
    let start = clock.now
    let answers = try await withProcessPool(workers: 16) { pool in
      try await pool.map(primes) { isPrime($0) }
    }
    let time = clock.now - start
    for (number, answer) in zip(primes, answers) { print("\(number) is prime: \(answer)") }
    print("processes: \(time)")
  }
}
