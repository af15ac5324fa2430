internal import CMultiprocessing

/// Keeps copies of this process from being made at a bad moment (`mp_gate.h`).
package enum ForkGate {
  /// The calling thread serves the whole process (`SystemThread.start`, `sleepsInForks`): it is not to wait for others.
  package static var servesAll: Bool { mp_gate_has_joined() != 0 }

  /// Runs what may have the runtime make types, under locks of its own: no copy is made meanwhile, unless it takes more than
  /// a quarter of a second or makes one itself.
  package static func visiting<Result>(_ body: () throws -> Result) rethrows -> Result {
    mp_gate_visit()
    defer { mp_gate_quit() }
    return try body()
  }
}
