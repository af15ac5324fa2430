// Standard streams. `lines`: many children write long lines into one pipe. `closed PATH`: this program was started
// without any standard stream, and reports to a file.
import Glibc
import Multiprocessing

func printLines(_ letter: String) {
  for length in stride(from: 1, to: 4000, by: 37) { print(String(repeating: letter, count: length)) }
}

func report(_ lines: [String], to path: String) {
  guard let file = fopen(path, "w") else { return }
  fputs(lines.joined(separator: "\n") + "\n", file)
  fclose(file)
}

func streams() -> [String] {
  print("to nowhere")
  _ = write(2, "to nowhere\n", 11)
  return (0..<3).map { number in
    var buffer = [CChar](repeating: 0, count: 200)
    let length = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
    return length < 0 ? "closed" : String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

@main
struct Program {
  static func main() async throws {
    if CommandLine.arguments[1] == "lines" {
      for (letter, method) in zip(["a", "b", "c", "d"], StartMethod.forTasks + StartMethod.forTasks) {
        try ChildProcess.start(letter, context: ProcessContext(method)) { printLines($0) }
      }
      return
    }
    var lines: [String] = []
    for method in StartMethod.forTasks {
      let child = try ChildProcess.start(context: ProcessContext(method)) { streams() }
      lines.append("\(method) \(try await child.value) \(try await child.join())")
    }
    let copy = try ChildProcess.fork { streams() }
    lines.append("fork \(try await copy.value) \(try await copy.join())")
    report(lines, to: CommandLine.arguments[2])
  }
}
