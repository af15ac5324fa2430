/// The control group of this process for one controller, with all groups above it that can be seen.
///
/// A limit on any of them is a limit on us.
struct ControlGroup {
  /// Of the hierarchy: 1 or 2.
  var version: Int
  /// Own group first, then its ancestors up to the mount point.
  var directories: [String]

  /// The groups that hold the settings of `controller`: version 1 if that hierarchy has it, else version 2.
  ///
  /// On a hybrid system a controller is in one hierarchy only, and one attached to version 1 cannot be used in
  /// version 2.
  init?(controller: String, files: SystemFiles) {
    let mounts = files.lines("/proc/self/mountinfo").compactMap(ControlGroupMount.init(line:))
    let memberships = files.lines("/proc/self/cgroup").compactMap(Membership.init(line:))
    let first = mounts.last { $0.version == 1 && $0.controllers.contains(controller[...]) }
    guard let mount = first ?? mounts.last(where: { $0.version == 2 }) else { return nil }
    let membership = memberships.first {
      mount.version == 2 ? $0.isUnified : $0.controllers.contains(controller[...])
    }
    version = mount.version
    directories = Self.directories(from: membership?.path ?? "/", mount: mount)
  }

  /// A line of `/proc/self/cgroup`: hierarchy, controllers, path.
  private struct Membership {
    var isUnified: Bool
    var controllers: [Substring]
    var path: String

    init?(line: Substring) {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return nil }
      isUnified = fields[0] == "0" && fields[1].isEmpty
      controllers = fields[1].split(separator: ",")
      path = String(fields[2])
    }
  }

  /// A path outside the mounted part, as when the group was left behind by a namespace, gives the mount point alone.
  private static func directories(from path: String, mount: ControlGroupMount) -> [String] {
    let root = mount.root.split(separator: "/")
    let components = path.split(separator: "/")
    guard components.starts(with: root), !components.contains("..") else { return [mount.directory] }
    var inside = components.dropFirst(root.count)
    var result: [String] = []
    while !inside.isEmpty {
      result.append(([mount.directory] + inside.map(String.init)).joined(separator: "/"))
      inside.removeLast()
    }
    return result + [mount.directory]
  }
}

/// Which generation of control groups the system runs.
package enum ControlGroupVersion: String, Sendable, Encodable {
  case none, v1, v2
  /// Both are mounted; the controllers are usually in version 1.
  case hybrid

  package static func current(root: String = "") -> ControlGroupVersion {
    let lines = SystemFiles(root: root).lines("/proc/self/mountinfo")
    let versions = Set(lines.compactMap(ControlGroupMount.init(line:)).map(\.version))
    if versions.count == 2 { return .hybrid }
    return versions.contains(2) ? .v2 : versions.contains(1) ? .v1 : .none
  }
}
