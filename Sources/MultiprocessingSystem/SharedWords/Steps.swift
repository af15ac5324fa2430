internal import CMultiprocessing
internal import Glibc

/// Accesses to shared words, counted, so that a test can end or stop a process before any of them.
///
/// Compiled into debug builds, and with `MP_STEPS` into others; elsewhere a step is nothing.
package enum Steps {
  /// Whether this build counts.
  package static var areCounted: Bool {
    #if DEBUG || MP_STEPS
      true
    #else
      false
    #endif
  }

  package static func step() {
    #if DEBUG || MP_STEPS
      mp_step()
    #endif
  }

  /// Kills this process before its `count`-th step from now; 0: no more.
  package static func die(before count: Int) { mp_steps_arm(Int32(clamping: count), SIGKILL) }

  /// Stops this process before its `count`-th step from now, until it is continued; 0: no more.
  package static func stop(before count: Int) { mp_steps_arm(Int32(clamping: count), SIGSTOP) }

  /// Whether a death or a stop is set and has not come.
  package static var isArmed: Bool { mp_steps_left() > 0 }
}
