// error: type 'Counter' does not conform to the 'Sendable' protocol
import Multiprocessing

final class Counter: Codable {
  var count = 0
}

func start(_ counter: Counter) throws { try ChildProcess.start(counter) { counter in counter.count } }
