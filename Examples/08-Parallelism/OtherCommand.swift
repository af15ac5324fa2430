internal import Foundation

extension Program {
  // Other programs are not this library's business: Foundation's Process or swift-subprocess start them.
  static let otherCommand = Program(
    "other-command", rows: [59], .parallelism, "run another command and see its exit status"
  ) {
    let command = Process()
    command.executableURL = URL(filePath: "/bin/sh")
    command.arguments = ["-c", "echo hello from a shell; exit 3"]
    try command.run()
    command.waitUntilExit()
    print("exit status: \(command.terminationStatus)")
  }
}
