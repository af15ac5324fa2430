internal import CMultiprocessing
internal import Glibc

/// How many CPUs this process may use.
package enum Parallelism {
  /// The least of affinity and control group quota, rounded up; at least one. Read anew at each call.
  package static var available: Int { ParallelismProbe().available }
}

/// The facts behind `Parallelism.available`.
package struct ParallelismProbe: Sendable {
  /// CPUs that the scheduler may put this thread on: `taskset`, cpusets, Docker's `--cpuset-cpus`.
  package let affinityCount: Int
  /// CPU time per time of the tightest control group, own or above: Docker's `--cpus`. Nil without a limit.
  package let quota: Double?

  /// - Parameters:
  ///   - root: put before `/proc` and `/sys`, for tests.
  ///   - affinityCount: instead of the kernel's answer, for tests.
  package init(root: String = "", affinityCount: Int? = nil) {
    self.affinityCount = affinityCount ?? Self.currentAffinityCount
    quota = Self.quota(files: SystemFiles(root: root))
  }

  package var available: Int {
    // Not Int(quota): a file could hold any number.
    let allowed = quota.map { Int(exactly: $0.rounded(.up)) ?? affinityCount } ?? affinityCount
    return max(1, min(affinityCount, allowed))
  }

  /// CPUs that are switched on, whether this process may use them or not.
  package static var onlineCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  private static var currentAffinityCount: Int {
    let count = Int(mp_affinity_count())
    return count > 0 ? count : onlineCount
  }

  private static func quota(files: SystemFiles) -> Double? {
    guard let group = ControlGroup(controller: "cpu", files: files) else { return nil }
    return group.directories.compactMap { directory in
      group.version == 2 ? unified(directory, files: files) : legacy(directory, files: files)
    }.min()
  }

  /// "max 100000" or "150000 100000".
  private static func unified(_ directory: String, files: SystemFiles) -> Double? {
    let words = files.line("\(directory)/cpu.max")?.split(separator: " ") ?? []
    guard words.count == 2 else { return nil }
    return ratio(Int64(words[0]), Int64(words[1]))
  }

  private static func legacy(_ directory: String, files: SystemFiles) -> Double? {
    ratio(files.number("\(directory)/cpu.cfs_quota_us"), files.number("\(directory)/cpu.cfs_period_us"))
  }

  private static func ratio(_ quota: Int64?, _ period: Int64?) -> Double? {
    // Version 1 writes -1 for no limit.
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return Double(quota) / Double(period)
  }
}
