internal import ArgumentParser
internal import Multiprocessing

/// Tests numbers for primality in threads and in processes, and compares the two.
struct Primes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tests 13 numbers for primality, several times over, in threads and in worker processes.")

  @Option(help: "How many threads, or worker processes.")
  var workers = 16

  @Option(name: .customLong("repeat"), help: "How often the list of numbers is tested.")
  var repetitions = 5

  @Flag(help: "What to run.")
  var mode = Mode.both

  enum Mode: String, EnumerableFlag { case threads, processes, both }

  func validate() throws {
    guard workers > 0, repetitions > 0 else { throw ValidationError("--workers and --repeat must be above zero") }
  }

  func run() async throws {
    let numbers = (0..<repetitions).flatMap { _ in primeCandidates }
    var runs: [Measurement] = []
    if mode != .processes {
      let pool = try ThreadPool(threads: workers)
      runs.append(try await Measurement.of("threads") { try await answers(numbers, pool, "threads") })
    }
    if mode != .threads {
      runs.append(
        try await Measurement.of("processes") {
          try await withProcessPool(workers: workers) { try await answers(numbers, $0, "processes") }
        })
    }
    for (number, isPrime) in zip(numbers, runs[0].answers) { print("\(number) is prime: \(isPrime)") }
    print(Comparison(runs).text)
  }

  private func answers(_ numbers: [Int], _ pool: any WorkerPool, _ title: String) async throws -> [Bool] {
    try await pool.map(numbers, options: .progress(.bar(title))) { isPrime($0) }
  }
}

/// The numbers of the well-known comparison; all but the last are prime.
let primeCandidates = [
  1_116_281, 1_297_337, 104_395_303, 472_882_027, 533_000_389, 817_504_243, 982_451_653, 112_272_535_095_293,
  112_582_705_942_171, 112_272_535_095_293, 115_280_095_190_773, 115_797_848_077_099, 1_099_726_899_285_419,
]

/// Trial division up to the square root.
func isPrime(_ number: Int) -> Bool {
  if number < 2 { return false }
  var divisor = 2
  while divisor * divisor <= number {
    if number % divisor == 0 { return false }
    divisor += 1
  }
  return true
}
