internal import MultiprocessingSystem
internal import Synchronization

/// A place for a file of a message that waits to be sent or read. Each is a descriptor, of which a process may have few: an
/// eighth of them are such files, and what is beyond waits as bytes.
final class HeldFile: Sendable {
  // SAFETY: a count alone; it publishes no other memory.
  private final class Places: Sendable {
    let taken = Atomic<Int>(0)
  }

  private static let perProcess = PerProcess { Places() }

  /// Those of the process that took it: a copy may end an object of the original's.
  private let places: Places

  private init(_ places: Places) { self.places = places }

  /// Nil when there are as many as there may be.
  static func take() -> HeldFile? {
    let limit = Int(clamping: (ResourceLimit.openFiles?.soft ?? 1 << 20) / 8)
    let place = HeldFile(perProcess.value)
    // SAFETY: as above.
    let before = place.places.taken.wrappingAdd(1, ordering: .relaxed).oldValue
    return before < limit ? place : nil
  }

  // SAFETY: as above.
  deinit { places.taken.wrappingSubtract(1, ordering: .relaxed) }
}
