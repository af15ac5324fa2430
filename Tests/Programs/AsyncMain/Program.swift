// An asynchronous `main`: closures and task types, by each start method that runs tasks.
import Multiprocessing

struct Scale: ProcessTask {
  var numbers: [Double]
  var factor: Double

  func run() async throws -> [Double] { numbers.map { $0 * factor } }
}

@main
struct Program {
  static func main() async throws {
    print("main of \(CurrentProcess.name)")
    for method in StartMethod.forTasks {
      let context = ProcessContext(method)
      let closure = try ChildProcess.start([1, 2, 3], "squares", context: context) { numbers, word in
        "\(word) \(numbers.map { $0 * $0 }) by \(CurrentProcess.startMethod!) in \(CurrentProcess.name)"
      }
      print(try await closure.value)
      let task = try ChildProcess.start(Scale(numbers: [1, 2.5], factor: 2), context: context)
      print(method, try await task.value, try await task.join())
    }
  }
}
