// A `main` that is not async, with the blocking forms of the waiting calls.
import Multiprocessing

@main
struct Program {
  static func main() throws {
    print("main of \(CurrentProcess.name)")
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(20, context: ProcessContext(method)) { number in
        try await Task.sleep(for: .milliseconds(1))
        return number + 1
      }
      print(method, try child.blocking.value(), try child.blocking.join())
    }
    let captured = [4, 5]
    let copy = try ChildProcess.fork { captured.map { $0 * 10 } }
    print("fork", try copy.blocking.value(), try copy.blocking.join())
  }
}
