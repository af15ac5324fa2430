// error: capture of 'counter' with non-Sendable type 'Counter' in a '@Sendable' closure
import Multiprocessing

final class Counter {
  var count = 0
}

func start(_ counter: Counter) throws { try ChildProcess.start { counter.count } }
