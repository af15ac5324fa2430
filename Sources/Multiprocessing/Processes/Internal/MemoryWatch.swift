internal import MultiprocessingSystem
internal import Synchronization

/// Whether the system killed something for lack of memory since this was last asked: evidence for a child that SIGKILL
/// ended without our doing.
final class MemoryWatch: Sendable {
  static var current: MemoryWatch { perProcess.value }
  private static let perProcess = PerProcess { MemoryWatch() }

  private let known = Mutex<MemoryEvidence?>(nil)

  /// Takes the counters as they are before the first child: reading them takes several files, so not for each.
  func begin() {
    if known.withLock({ $0 }) != nil { return }
    let now = MemoryEvidence.now()
    known.withLock { $0 = $0 ?? now }
  }

  func sawKill() -> Bool {
    let now = MemoryEvidence.now()
    let before = known.withLock { known in
      defer { known = now }
      return known
    }
    return before.map(now.showsKill) ?? false
  }
}
