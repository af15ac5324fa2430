internal import Glibc

/// What a descriptor is waited for.
package enum Direction: Sendable, Hashable { case reading, writing }

/// Waiting for descriptors in the calling thread.
package enum Polling {
  /// The indices of the descriptors that are readable, ended or at fault; empty when `timeout` passes first (nil:
  /// never). Continues with the time that is left when a signal interrupts it.
  package static func wait(for numbers: [Int32], timeout: Duration?) throws -> [Int] {
    let entries = numbers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    return try wait(for: entries, until: timeout.map { ContinuousClock.now + $0 })
  }

  /// Waits for one descriptor in a direction, and for another to become readable; false when the deadline passes first.
  package static func wait(
    for number: Int32, _ direction: Direction, or other: Int32, until deadline: ContinuousClock.Instant?
  ) throws -> Bool {
    let event = Int16(direction == .reading ? POLLIN : POLLOUT)
    let entries = [
      pollfd(fd: number, events: event, revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
    ]
    return try !wait(for: entries, until: deadline).isEmpty
  }

  private static func wait(for wanted: [pollfd], until deadline: ContinuousClock.Instant?) throws -> [Int] {
    var entries = wanted
    while true {
      let left = deadline.map { milliseconds(ContinuousClock.now.duration(to: $0)) } ?? -1
      let count = poll(&entries, nfds_t(entries.count), left)
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemError(call: "poll", number: errno)
      }
      if count == 0, let deadline, ContinuousClock.now < deadline { continue }
      return entries.indices.filter { entries[$0].revents != 0 }
    }
  }

  /// Asks again and again, for `nanoseconds` at most, whether a descriptor is open in a direction, ended or at fault. Returns
  /// how long that took; nil when it was not enough.
  package static func spin(for number: Int32, _ direction: Direction, nanoseconds: UInt64) -> UInt64? {
    let start = SharedWait.now
    var entry = pollfd(fd: number, events: Int16(direction == .reading ? POLLIN : POLLOUT), revents: 0)
    while true {
      let count = poll(&entry, 1, 0)
      let time = SharedWait.now - start
      if count > 0 { return time }
      if count < 0 || time >= nanoseconds { return nil }
    }
  }

  /// The same without a deadline to keep: empty when the time passes (-1: never) or a signal interrupts.
  package static func once(for numbers: [Int32], milliseconds: Int32) -> [Int] {
    var entries = numbers.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return [] }
    return entries.indices.filter { entries[$0].revents != 0 }
  }

  /// Whether a number is an open descriptor.
  package static func isOpen(_ number: Int32) -> Bool { fcntl(number, F_GETFD) != -1 }

  /// Whether a standard stream is open. One that is close-on-exec is somebody's own descriptor, in a program that was
  /// started without that stream: libdispatch, for one, keeps what it gets.
  package static func isStandardStream(_ number: Int32) -> Bool {
    let flags = fcntl(number, F_GETFD)
    return flags != -1 && flags & FD_CLOEXEC == 0
  }

  /// Rounded up, so that a wait never ends early; at least 0, at most what `poll` takes.
  static func milliseconds(_ duration: Duration) -> Int32 {
    if duration <= .zero { return 0 }
    if duration > .seconds(2_000_000) { return 2_000_000_000 }
    let (seconds, attoseconds) = duration.components
    return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}

extension Polling {
  /// Whether a write of a page or less would not wait.
  package static func isWritable(_ number: Int32) -> Bool {
    var entry = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) == 1
  }
}
