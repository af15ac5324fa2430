// Children of the start method in the first argument that would live for ever; the parent is killed from outside.
import Glibc
import Multiprocessing

func live(_ kind: String) {
  if kind == "starter" {
    var id: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
    guard posix_spawn(&id, "/bin/sleep", nil, nil, &arguments, environ) == 0 else { exit(1) }
    print("program \(id)")
  }
  print("\(kind) \(getpid())")
  fflush(nil)
  if kind == "blocked" {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
  }
  if kind == "stopped" { raise(SIGSTOP) }
  while true { pause() }
}

func tree() throws {
  try ChildProcess.start { live("grandchild") }
  live("parent")
}

@main
struct Program {
  static func main() async throws {
    let kinds = ["sleeping", "stopped", "blocked", "starter"]
    if CommandLine.arguments[1] == "fork" {
      for kind in kinds { try ChildProcess.fork { live(kind) } }
    } else {
      let method = StartMethod.forTasks.first { $0.description == CommandLine.arguments[1] }
      ProcessContext.default = ProcessContext(method!)
      for kind in kinds { try ChildProcess.start(kind) { live($0) } }
      try ChildProcess.start { try tree() }
    }
    // Killed long before this; not, when the tests themselves are ended.
    try await Task.sleep(for: .seconds(120))
    kill(getpid(), SIGKILL)
  }
}
