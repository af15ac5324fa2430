internal import MultiprocessingSystem
internal import Synchronization

/// The pipe whose end of life is that of this process: every child holds the reading end, this process alone the
/// writing end, so the kernel closes it whatever ends the process.
final class Lifeline: Sendable {
  static func current() -> Lifeline { perProcess.value }

  private static let perProcess = PerProcess { Lifeline() }

  /// Opened by the first start for which there are descriptors, so that one without leaves the next its chance.
  private let ends = Mutex<[(user: UInt32, reading: Descriptor, writing: Descriptor)]>([])

  /// What one child holds: an open file of its own, to be bound to the child as soon as its id is known. So a child
  /// that is stopped before its first instruction ends with this process too.
  ///
  /// - Throws: a `SystemError` when there are no descriptors left.
  func readingForChild() throws -> Descriptor {
    let reading = try ends.withLock { ends in
      // One that was made as another user cannot be opened anew. It stays: children that were started before hold it.
      let user = ProcessControl.effectiveUser
      if let known = ends.last(where: { $0.user == user }) { return known.reading }
      let (reading, writing) = try DescriptorIO.pipe()
      ends.append((user, reading, writing))
      return reading
    }
    return try ChildSetup.copyLifeline(reading)
  }
}
