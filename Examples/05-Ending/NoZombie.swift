internal import Foundation
internal import Multiprocessing

extension Program {
  // In Python a child that ended stays a zombie (<defunct>, state Z) until its parent joins it or ends.
  static let noZombie = Program("no-zombie", rows: [32], .ending, "a child that nobody joins leaves no zombie") {
    let child = try ChildProcess.start(isDaemon: true) {
      print(CurrentProcess.id)
      print("Child process")
    }
    let entry = "/proc/\(child.id)/stat"
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while FileManager.default.fileExists(atPath: entry), clock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
    }
    let state = try? String(contentsOfFile: entry, encoding: .utf8).split(separator: " ")[2]
    print("Parent process, the child is \(state.map { "in state \($0)" } ?? "gone")")
  }
}
