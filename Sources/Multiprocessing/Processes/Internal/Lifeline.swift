internal import MultiprocessingSystem
internal import Synchronization

/// The pipe whose end of life is that of this process: every child holds the reading end, this process alone the
/// writing end, so the kernel closes it whatever ends the process.
final class Lifeline: Sendable {
  static func current() -> Lifeline { perProcess.value }

  private static let perProcess = PerProcess { Lifeline() }

  /// Opened by the first start for which there are descriptors, so that one without leaves the next its chance.
  private let ends = Mutex<(reading: Descriptor, writing: Descriptor)?>(nil)

  /// What one child holds: an open file of its own, to be bound to the child as soon as its id is known. So a child
  /// that is stopped before its first instruction ends with this process too.
  ///
  /// - Throws: a `SystemError` when there are no descriptors left.
  func readingForChild() throws -> Descriptor {
    let reading = try ends.withLock { ends in
      let known = try ends ?? DescriptorIO.pipe()
      ends = known
      return known.reading
    }
    return try ChildSetup.copyLifeline(reading)
  }
}
