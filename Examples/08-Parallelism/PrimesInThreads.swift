internal import Multiprocessing

extension Program {
  // Python's threads use one core between them. Swift's use all: compare with primes-in-processes.
  static let primesInThreads = Program(
    "primes-in-threads", rows: [52], .parallelism, "thirteen numbers, sixteen threads"
  ) {
    let pool = try ThreadPool(threads: 16)
    let clock = ContinuousClock()
    let start = clock.now
    let answers = try await pool.map(primes) { isPrime($0) }
    let time = clock.now - start
    for (number, answer) in zip(primes, answers) { print("\(number) is prime: \(answer)") }
    print("threads: \(time)")
  }
}
