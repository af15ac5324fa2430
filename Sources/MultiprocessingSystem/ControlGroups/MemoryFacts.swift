/// How much memory there is left to take, and what limits it. In bytes.
package struct MemoryFacts: Hashable, Sendable, Encodable {
  /// The kernel's estimate for the whole machine: MemAvailable.
  package var available: UInt64?
  /// The smallest limit of our control group and those above it. Nil without one.
  package var limit: UInt64?
  /// What the tightest of these groups can still take. Page cache that has not been used lately counts as free: the
  /// kernel drops it before it kills. Nil without a limit.
  package var headroom: UInt64?

  /// The lesser of `available` and `headroom`; nil when neither is known.
  package var usable: UInt64? { [available, headroom].compactMap { $0 }.min() }

  /// - Parameter root: put before `/proc` and `/sys`, for tests.
  package static func now(root: String = "") -> MemoryFacts {
    let files = SystemFiles(root: root)
    let kibibytes = files.number("/proc/meminfo", key: "MemAvailable")
    let groups = ControlGroup(controller: "memory", files: files).map { Self.groups($0, files: files) } ?? []
    return MemoryFacts(
      available: kibibytes.map { $0.multipliedReportingOverflow(by: 1024).partialValue },
      limit: groups.map(\.limit).min(), headroom: groups.map(\.headroom).min())
  }

  /// Version 1 has no word for "no limit" but the largest number of whole pages.
  private static let unlimited: UInt64 = 1 << 62

  private static func groups(
    _ group: ControlGroup, files: SystemFiles
  ) -> [(limit: UInt64, headroom: UInt64)] {
    let isUnified = group.version == 2
    let limitFile = isUnified ? "memory.max" : "memory.limit_in_bytes"
    let usageFile = isUnified ? "memory.current" : "memory.usage_in_bytes"
    return group.directories.compactMap { directory in
      guard let limit = files.number("\(directory)/\(limitFile)").flatMap(UInt64.init(exactly:)),
        limit < unlimited
      else { return nil }
      let usage = files.number("\(directory)/\(usageFile)").flatMap(UInt64.init(exactly:)) ?? 0
      // The hierarchical figure has a prefix in version 1.
      let cacheKey = isUnified ? "inactive_file" : "total_inactive_file"
      let cache = files.number("\(directory)/memory.stat", key: cacheKey) ?? 0
      let used = usage - min(cache, usage)
      return (limit, limit - min(used, limit))
    }
  }
}
