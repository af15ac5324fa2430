internal import CMultiprocessing

/// System calls the library uses where it can, each tried once. False also when a sandbox forbids the call.
package struct KernelFeatures: Hashable, Sendable, Encodable {
  package var pidfdOpen: Bool
  package var memfdCreate: Bool
  package var closeRange: Bool
  package var membarrier: Bool
  package var futexWaitv: Bool
  /// Whether a fork server may give its children to us: known only by starting one, so the caller fills it in.
  package var cloneParent: Bool?

  package static func probe() -> KernelFeatures {
    KernelFeatures(
      pidfdOpen: mp_probe_pidfd_open(), memfdCreate: mp_probe_memfd_create(), closeRange: mp_probe_close_range(),
      membarrier: mp_probe_membarrier(), futexWaitv: mp_probe_futex_waitv(), cloneParent: nil)
  }
}
