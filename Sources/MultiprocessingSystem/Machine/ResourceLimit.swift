internal import Glibc

/// A limit of this process, as `ulimit` shows it. Nil: unlimited.
package struct ResourceLimit: Hashable, Sendable, Encodable {
  package var soft: UInt64?
  package var hard: UInt64?

  /// Descriptors.
  package static var openFiles: ResourceLimit? { current(RLIMIT_NOFILE) }
  /// Processes and threads of this user.
  package static var processes: ResourceLimit? { current(__RLIMIT_NPROC) }
  /// Bytes of heap and private mappings.
  package static var data: ResourceLimit? { current(RLIMIT_DATA) }

  private static func current(_ resource: __rlimit_resource) -> ResourceLimit? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
    return ResourceLimit(soft: finite(limit.rlim_cur), hard: finite(limit.rlim_max))
  }

  /// RLIM_INFINITY is a cast in C, so Swift does not see it: all bits set.
  private static func finite(_ value: rlim_t) -> UInt64? {
    value == rlim_t.max ? nil : UInt64(value)
  }
}
