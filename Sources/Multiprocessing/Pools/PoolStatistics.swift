/// What a pool has done so far.
public struct PoolStatistics: Sendable, Codable, CustomStringConvertible {
  /// Tasks taken on.
  public var submitted = 0
  /// Tasks that returned.
  public var completed = 0
  /// Tasks that threw, timed out or were cancelled. Where inputs of a map went to a worker together and one of them threw,
  /// all of them.
  public var failed = 0
  /// Workers that a signal or trap ended without the pool's doing.
  public var crashed = 0
  /// Tasks run again after their worker was lost.
  public var retried = 0

  init() {}

  /// One line.
  public var description: String {
    "submitted \(submitted), completed \(completed), failed \(failed), crashed \(crashed), retried \(retried)"
  }

  /// - Parameter tasks: how many there were; an answer may be to fewer of them.
  mutating func count(_ ending: PoolMachine.Ending, _ answer: JobResult?, of tasks: Int) {
    switch (ending, answer) {
    case (.answered, .thrown), (.lost, _), (.timedOut, _), (.cancelled, _), (.broken, _), (.unpinned, _), (_, nil):
      failed += tasks
    case (.answered, .some(let answer)): completed += min(answer.count, tasks)
    }
  }
}
