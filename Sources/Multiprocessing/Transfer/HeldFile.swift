internal import MultiprocessingSystem
internal import Synchronization

/// A place for a file of a message that waits to be sent or read. Each is a descriptor, of which a process may have few: an
/// eighth of them are such files, and what is beyond waits as bytes.
final class HeldFile: Sendable {
  // SAFETY: a count alone; it publishes no other memory.
  private static let count = Atomic<Int>(0)

  private init() {}

  /// Nil when there are as many as there may be.
  static func take() -> HeldFile? {
    let limit = Int(clamping: (ResourceLimit.openFiles?.soft ?? 1 << 20) / 8)
    // SAFETY: as above.
    let before = count.wrappingAdd(1, ordering: .relaxed).oldValue
    if before < limit { return HeldFile() }
    giveBack()
    return nil
  }

  // SAFETY: as above.
  private static func giveBack() { count.wrappingSubtract(1, ordering: .relaxed) }

  deinit { Self.giveBack() }
}
