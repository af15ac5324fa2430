internal import MultiprocessingSystem
internal import Synchronization

/// Takes memory for shared files after a look at what is left.
///
/// Near its limit a control group does not refuse memory, it kills. So every step is preceded by a look at the machine
/// and at every group above this process. Others take memory meanwhile: a kill becomes unlikely, not impossible.
final class MemoryReservation: Sendable {
  /// Bytes between two looks: reserving them takes tens of milliseconds.
  static let step = 64 << 20

  private static let perProcess = PerProcess { MemoryReservation { MemoryFacts.now().usable } }

  private let usable: @Sendable () -> UInt64?
  // SAFETY: a number that orders nothing else; relaxed throughout.
  private let allowance = Atomic(0)

  /// - Parameter usable: how many bytes may be taken at all; nil when nobody knows.
  init(usable: @escaping @Sendable () -> UInt64?) { self.usable = usable }

  /// Gives a range of a file memory of its own.
  ///
  /// - Throws: `outOfMemory`, `system`.
  static func reserve(_ range: Range<Int>, of file: SharedFile) throws {
    try reserve(range) { try file.reserve($0) }
  }

  /// The same with any way of taking memory, in steps.
  static func reserve(_ range: Range<Int>, by take: (Range<Int>) throws -> Void) throws {
    do { try perProcess.value.reserve(range, by: take) } catch let error as MultiprocessingError {
      // Of what is taken in vain, the process itself may have some.
      guard error.code == .outOfMemory, PayloadFiles.shared.giveUp() else { throw error }
      try perProcess.value.reserve(range, by: take)
    }
  }

  func reserve(_ range: Range<Int>, by take: (Range<Int>) throws -> Void) throws {
    if range.count > Self.step { try look(range.count) }
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start.addingReportingOverflow(Self.step).overflow ? .max : start + Self.step, range.upperBound)
      try allow(end - start)
      do { try take(start..<end) } catch let error as SystemError { throw Self.failure(range.count, error) }
      start = end
    }
  }

  /// Small takings share one look.
  private func allow(_ byteCount: Int) throws {
    // SAFETY: relaxed, as said above; threads that race only look more often.
    if allowance.subtract(byteCount, ordering: .relaxed).newValue >= 0 { return }
    let usable = try look(byteCount)
    // SAFETY: as above.
    allowance.store(Int(clamping: usable / 16), ordering: .relaxed)
  }

  /// - Returns: what is left when `byteCount` has been taken.
  @discardableResult
  private func look(_ byteCount: Int) throws -> UInt64 {
    guard let usable = usable() else { return 0 }
    // The kernel's own estimate is none to the last byte, and the taking itself costs memory.
    let margin = max(1 << 20, usable / 64)
    let (needed, overflow) = margin.addingReportingOverflow(UInt64(clamping: byteCount))
    if !overflow, needed <= usable { return usable - needed }
    throw MultiprocessingError(
      .outOfMemory,
      """
      \(byteCount) bytes of shared memory could not be reserved: \(usable) are left on this machine or in the control \
      group, and \(margin) of them must stay free
      """)
  }

  static func failure(_ byteCount: Int, _ error: SystemError) -> MultiprocessingError {
    let code: MultiprocessingError.Code = error.isOutOfMemory ? .outOfMemory : .system
    return MultiprocessingError(code, doing: "\(byteCount) bytes of shared memory could not be reserved", error)
  }
}
