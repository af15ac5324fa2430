internal import CMultiprocessing

/// Keeps copies of this process from being made at a bad moment (`mp_gate.h`).
package enum ForkGate {
  /// Runs what may have the runtime make types, under locks of its own: no copy is made meanwhile, unless it takes more than
  /// a quarter of a second or makes one itself.
  package static func visiting<Result>(_ body: () throws -> Result) rethrows -> Result {
    mp_gate_visit()
    defer { mp_gate_quit() }
    return try body()
  }
}
