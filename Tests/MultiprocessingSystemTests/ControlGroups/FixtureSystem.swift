import Foundation

/// A directory that looks like `/` to what reads `/proc` and `/sys`, removed with its last reference.
final class FixtureSystem {
  let root: String

  /// - Parameter files: text by absolute path.
  init(_ files: [String: String]) throws {
    root = NSTemporaryDirectory() + "fixture-\(UUID().uuidString)"
    for (path, text) in files { try write(text, to: path) }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: root)
  }

  func write(_ text: String, to path: String) throws {
    let file = URL(fileURLWithPath: root + path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// Version 2 alone, this process in `/a/b`.
  static func unified(_ files: [String: String] = [:]) throws -> FixtureSystem {
    let base = [
      "/proc/self/cgroup": "0::/a/b\n",
      "/proc/self/mountinfo": """
      22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
      35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate

      """,
    ]
    return try FixtureSystem(base.merging(files) { _, new in new })
  }

  /// Version 1 with an empty version 2 beside it, this process in `/a/b`.
  static func hybrid(_ files: [String: String] = [:]) throws -> FixtureSystem {
    let base = [
      "/proc/self/cgroup": "4:memory:/a/b\n2:cpu,cpuacct:/a/b\n1:name=systemd:/x\n0::/\n",
      "/proc/self/mountinfo": """
      32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
      35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
      41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

      """,
    ]
    return try FixtureSystem(base.merging(files) { _, new in new })
  }
}
