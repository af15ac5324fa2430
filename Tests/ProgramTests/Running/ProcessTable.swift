internal import Foundation

/// What the system says of processes.
enum ProcessTable {
  /// Whether the process runs or is stopped. One that has ended and waits to be collected does not.
  static func isAlive(_ id: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
    let state = text.drop { $0 != ")" }.dropFirst(2).first
    return state != "Z" && state != "X"
  }

  static func isStopped(_ id: Int32) -> Bool {
    let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
    return text?.drop { $0 != ")" }.dropFirst(2).first == "T"
  }

  /// Waits until none of these lives any more; returns those that still do after ten seconds.
  static func survivors(of ids: [Int32]) async throws -> [Int32] {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline, ids.contains(where: isAlive) {
      try await Task.sleep(for: .milliseconds(1))
    }
    return ids.filter(isAlive)
  }
}
