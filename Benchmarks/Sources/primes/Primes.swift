internal import Multiprocessing

/// Says which of 65 numbers are prime, with 16 workers or as many as said: `primes processes [N]`,
/// `primes threads [N]`.
@main
struct Primes {
  static let numbers = Array(
    repeatElement(
      [
        1_116_281, 1_297_337, 104_395_303, 472_882_027, 533_000_389, 817_504_243, 982_451_653, 112_272_535_095_293,
        112_582_705_942_171, 112_272_535_095_293, 115_280_095_190_773, 115_797_848_077_099, 1_099_726_899_285_419,
      ], count: 5
    ).joined())

  static func main() async throws {
    let arguments = CommandLine.arguments
    let workers = arguments.count > 2 ? Int(arguments[2]) ?? 16 : 16
    let usesThreads = arguments.dropFirst().first == "threads"
    let pool: any WorkerPool = usesThreads ? try ThreadPool(threads: workers) : try ProcessPool(workers: workers)
    let answers = try await pool.map(numbers) { isPrime($0) }
    for (number, isPrime) in zip(numbers, answers) { print("\(number) is prime: \(isPrime)") }
    await pool.terminate()
  }
}

/// Trial division by every number up to the root, as the peers' programs do.
func isPrime(_ number: Int) -> Bool {
  var divisor = 2
  let root = Int(Double(number).squareRoot())
  while divisor <= root {
    if number % divisor == 0 { return false }
    divisor += 1
  }
  return number != 1
}
