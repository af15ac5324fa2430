import Multiprocessing

let good = try ChildProcess.start(1_000) { limit in (1...limit).reduce(0, +) }
let bad = try ChildProcess.start([1, 2, 3]) { numbers in numbers[7] }

print("The sum is", try await good.value)
do {
  print(try await bad.value)
} catch let error as MultiprocessingError {
  print("It crashed, and we go on:", error.message)
}
