internal import Glibc

/// Another program of this package.
struct Program {
  private let path: String

  /// The program of that name in the folder of this one.
  init(beside name: String) {
    let own = CommandLine.arguments.first ?? ""
    path = (own.lastIndex(of: "/").map { String(own[...$0]) } ?? "") + name
  }

  /// Runs it to its end with its standard output going nowhere.
  func run(_ arguments: [String]) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var id: pid_t = 0
    let number = posix_spawn(&id, path, &actions, nil, &words, environ)
    guard number == 0 else { throw ProgramFailure(path: path, reason: String(cString: strerror(number))) }
    var status: Int32 = 0
    while waitpid(id, &status, 0) == -1, errno == EINTR {}
    guard status == 0 else { throw ProgramFailure(path: path, reason: "it ended with status \(status)") }
  }
}

struct ProgramFailure: Error {
  let path: String
  let reason: String
}
