/// How often the kernel has killed for want of memory, so far.
///
/// Two of these, taken before and after a death, tell whether a SIGKILL may have come from the kernel: it counts
/// before it sends the signal.
package struct MemoryEvidence: Equatable, Sendable {
  /// By directory: kills in our control group and those above it.
  private var groups: [String: UInt64]
  /// Kills on the whole machine, other containers included.
  private var system: UInt64?

  package static func now() -> MemoryEvidence { now(root: "") }

  /// - Parameter root: put before `/proc` and `/sys`, for tests.
  package static func now(root: String) -> MemoryEvidence {
    let files = SystemFiles(root: root)
    var groups: [String: UInt64] = [:]
    if let group = ControlGroup(controller: "memory", files: files) {
      let file = group.version == 2 ? "memory.events" : "memory.oom_control"
      for directory in group.directories {
        groups[directory] = files.number("\(directory)/\(file)", key: "oom_kill")
      }
    }
    return MemoryEvidence(groups: groups, system: files.number("/proc/vmstat", key: "oom_kill"))
  }

  /// True when there was such a kill after `earlier` where a child of ours could be the victim.
  ///
  /// The counters of the groups decide when they can be read at both times: a kill of a child in our group is always
  /// counted there, while that of the machine may be another container's. A child that was moved to a group outside
  /// ours leaves no evidence.
  package func showsKill(since earlier: MemoryEvidence) -> Bool {
    let shared = groups.filter { earlier.groups[$0.key] != nil }
    if !shared.isEmpty { return shared.contains { $0.value > earlier.groups[$0.key] ?? .max } }
    guard let system, let before = earlier.system else { return false }
    return system > before
  }
}
