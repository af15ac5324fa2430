internal import Glibc

/// The clock for how long something took: a number instead of `ContinuousClock`'s 128 bits, for what is measured often.
package enum MonotonicClock {
  /// Nanoseconds since some moment of the machine's. Costs about 25 of them.
  package static var nanoseconds: UInt64 {
    var time = timespec()
    // It fails only for a bad pointer or an unknown clock.
    _ = clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
