/// Results that have come, by their place behind the next one to be handed on.
struct ResultWindow: Sendable {
  private var results: [Result<JobResult, any Error>?] = []
  /// Before it lie places that were handed on.
  private var head = 0

  /// Whether the next one is there.
  var isReady: Bool { head < results.count && results[head] != nil }

  /// So many of those that were handed on are kept before the others move up.
  private static let slack = 256

  mutating func put(_ result: Result<JobResult, any Error>, at place: Int) {
    let index = head + place
    while results.count <= index { results.append(nil) }
    results[index] = result
  }

  /// The next one; then that behind it is the next.
  mutating func takeNext() -> Result<JobResult, any Error>? {
    guard isReady else { return nil }
    let result = results[head].take()
    head += 1
    if head == results.count {
      results.removeAll(keepingCapacity: head <= Self.slack)
      head = 0
    } else if head >= Self.slack, 2 * head >= results.count {
      results.removeFirst(head)
      head = 0
    }
    return result
  }
}
