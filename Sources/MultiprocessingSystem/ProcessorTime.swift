internal import Glibc

/// Processor time used so far.
package enum ProcessorTime {
  /// By this process and by the children that it has collected.
  package static func used() -> Duration { time(RUSAGE_SELF.rawValue) + time(RUSAGE_CHILDREN.rawValue) }

  private static func time(_ who: Int32) -> Duration {
    var usage = rusage()
    getrusage(who, &usage)
    return duration(usage.ru_utime) + duration(usage.ru_stime)
  }

  private static func duration(_ value: timeval) -> Duration {
    .seconds(value.tv_sec) + .microseconds(value.tv_usec)
  }
}
