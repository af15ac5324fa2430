// error: type 'Counter' does not conform to the 'Sendable' protocol
import Multiprocessing

final class Counter: Codable {
  var count = 0
}

func start() throws -> ChildProcess<Counter> { try ChildProcess.start { Counter() } }
