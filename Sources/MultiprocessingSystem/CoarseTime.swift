internal import Glibc

/// A clock that is read in a few nanoseconds and moves in steps of one to ten milliseconds.
package enum CoarseTime {
  /// Nanoseconds since some moment in the past; never goes back.
  package static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
