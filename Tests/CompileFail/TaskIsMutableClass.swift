// error: stored property 'done' of 'Sendable'-conforming class 'Work' is mutable
import Multiprocessing

final class Work: ProcessTask {
  var done = 0

  func run() async throws -> Int { done }
}
