// error: type 'Open' does not conform to protocol
import Multiprocessing

struct Handle: Sendable {
  var number = 0
}

struct Open: ProcessTask {
  var handle: Handle

  func run() async throws -> Int { handle.number }
}
