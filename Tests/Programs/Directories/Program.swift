// Changes its directory, and loses it, beside a fork server and a listener that were made in another.
import Glibc
import Multiprocessing

/// Which directory this process is in, whether it still has a name or not.
func place() -> String {
  var status = stat()
  return stat(".", &status) == 0 ? "\(status.st_dev) \(status.st_ino)" : "none"
}

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

@main
struct Program {
  /// A relative path means the directory in which the listener was made, also when it removes its socket.
  static func listen(in folder: String) async throws {
    let listener = try Listener<String, String>(at: .unix(path: "socket"))
    chdir("/")
    async let accepted = listener.accept()
    let client = try await Connection<String, String>.connect(to: .unix(path: "\(folder)/socket"))
    try await client.send("hello")
    print("listener", try await accepted.receive(), exists("\(folder)/socket"))
    listener.close()
    print("closed", exists("\(folder)/socket"))
  }

  static func main() async throws {
    let folder = CommandLine.arguments[1]
    chdir(folder)
    try await listen(in: folder)
    for method in StartMethod.forTasks {
      chdir(folder)
      let context = ProcessContext(method)
      print(method, "same", try await ChildProcess.start(context: context) { place() }.value == place())
      mkdir("lost", 0o700)
      chdir("lost")
      rmdir("../lost")
      print(method, "lost", try await ChildProcess.start(context: context) { place() }.value == place())
    }
  }
}
