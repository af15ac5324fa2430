internal import MultiprocessingSystem

/// The pipe whose end of life is that of this process: every child holds the reading end, this process alone the
/// writing end, so the kernel closes it whatever ends the process.
final class Lifeline: Sendable {
  /// - Throws: a `SystemError` when there are no descriptors left.
  static func current() throws -> Lifeline {
    let lifeline = perProcess.value
    if let error = lifeline.failure { throw error }
    return lifeline
  }

  private static let perProcess = PerProcess { Lifeline() }

  private let ends: Result<(reading: Descriptor, writing: Descriptor), any Error>

  private init() { ends = Result { try DescriptorIO.pipe() } }

  private var failure: (any Error)? {
    if case .failure(let error) = ends { return error }
    return nil
  }

  /// What one child holds: an open file of its own, to be bound to the child as soon as its id is known. So a child
  /// that is stopped before its first instruction ends with this process too.
  func readingForChild() throws -> Descriptor { try ChildSetup.copyLifeline(ends.get().reading) }
}
