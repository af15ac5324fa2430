// Starts a child for each line it reads: by the start method that the line names, or for `replace` a new fork server's.
import Glibc
import Multiprocessing

func say(_ text: String) {
  print(text)
  fflush(nil)
}

@main
struct Program {
  static func main() async throws {
    say("main of \(CurrentProcess.name)")
    while let line = readLine() {
      do {
        let method = StartMethod.forTasks.first { $0.description == line }
        let child = try ChildProcess.start([1, 2, 3], context: ProcessContext(method ?? .default)) { numbers in
          numbers.map { $0 * $0 }
        }
        say("\(line) \(try await child.value)")
      } catch {
        say("\(line) failed: \(error)")
      }
    }
  }
}
