// The end of a program: `return` or `exit` as its first argument, the start method as its second.
import Glibc
import Multiprocessing

/// Written at once, so that the lines of all processes are in the order of time.
func say(_ text: String) {
  print(text)
  fflush(nil)
}

func sayAndSleep(_ word: String, _ time: Duration) async throws {
  say("\(word) \(CurrentProcess.id)")
  try await Task.sleep(for: time)
  say("\(word) ends")
}

func startTree() async throws {
  try ChildProcess.start { try await sayAndSleep("grandchild", .seconds(600)) }
  try await sayAndSleep("daemon", .seconds(600))
}

@main
struct Program {
  static func main() async throws {
    let method = StartMethod.available.first { $0.description == CommandLine.arguments[2] }
    ProcessContext.default = ProcessContext(method!)
    // Held to the end: handlers are made once and run at the exit.
    let handlers = [
      ExitHandler { say("handler before the children end") },
      ExitHandler(priority: 1) { say("handler of higher priority") },
      ExitHandler(priority: -1) { say("handler after the children ended") },
    ]
    try ChildProcess.start { try await sayAndSleep("child", .milliseconds(300)) }
    try ChildProcess.start(isDaemon: true) { try await startTree() }
    _ = readLine()
    say("main ends with \(handlers.count) handlers")
    if CommandLine.arguments[1] == "exit" { exit(7) }
  }
}
