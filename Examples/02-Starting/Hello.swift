internal import Multiprocessing

extension Program {
  // Fixed: the original never started its process.
  static let hello = Program("hello", rows: [9], .starting, "a closure and its argument run in a child") {
    let child = try ChildProcess.start("bob") { name in print("hello", name) }
    try await child.join()
  }
}
