internal import CMultiprocessing
internal import Glibc

/// The kernel's set of watched descriptors.
package struct EventPoll: Sendable {
  package let descriptor: Descriptor

  package init() throws {
    descriptor = Descriptor(owning: try systemCall("epoll_create1") { mp_epoll_create() })
  }

  /// Watches one direction, level-triggered; `key` comes back with each event. Throws EPERM for files that are always
  /// ready, EEXIST for a number that is watched already.
  package func add(_ number: Int32, key: UInt64, for direction: Direction = .reading) throws {
    try systemCall("epoll_ctl") { mp_epoll_add(descriptor.number, number, key, direction == .writing ? 1 : 0) }
  }

  /// Stops watching; a number that is not watched is fine.
  package func remove(_ number: Int32) { _ = mp_epoll_remove(descriptor.number, number) }

  /// Keys of the descriptors that are ready, at most 64; empty when the timeout passes or a signal arrives.
  package func wait(timeout: Duration?) -> [UInt64] {
    // SAFETY: the C function writes at most 64 keys.
    [UInt64](unsafeUninitializedCapacity: 64) { keys, count in
      let left = timeout.map(Polling.milliseconds) ?? -1
      count = max(0, Int(mp_epoll_wait(descriptor.number, keys.baseAddress!, left)))
    }
  }
}

/// A counter in the kernel that makes a descriptor readable: how one thread wakes another out of a wait.
package struct WakeUp: Sendable {
  package let descriptor: Descriptor

  package init() throws { descriptor = Descriptor(owning: try systemCall("eventfd") { mp_eventfd() }) }

  package func signal() {
    var one: UInt64 = 1
    _ = write(descriptor.number, &one, 8)
  }

  package func clear() {
    var value: UInt64 = 0
    _ = read(descriptor.number, &value, 8)
  }
}
