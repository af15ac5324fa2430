// flags: -enable-upcoming-feature NonisolatedNonsendingByDefault
// A module whose async functions run where their caller runs.
import Multiprocessing

func slowly(_ number: Int) async throws -> Int {
  try await Task.sleep(for: .milliseconds(1))
  return number * 2
}

struct Sum: ProcessTask {
  var numbers: [Int]

  func run() async throws -> Int {
    var sum = 0
    for number in numbers { sum += try await slowly(number) }
    return sum
  }
}

@main
struct Program {
  @MainActor
  static func main() async throws {
    for method in StartMethod.forTasks {
      let context = ProcessContext(method)
      let closure = try ChildProcess.start(21, context: context) { try await slowly($0) }
      let task = try ChildProcess.start(Sum(numbers: [1, 2, 3]), context: context)
      print(method, try await closure.value, try await task.value)
    }
  }
}
