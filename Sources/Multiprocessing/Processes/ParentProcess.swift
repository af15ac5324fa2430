internal import MultiprocessingSystem

/// The process that started this one.
///
/// A child of this library is killed when its parent dies, so code in a child sees its parent end only while it is
/// itself ending.
public final class ParentProcess: Waitable {
  /// The parent's process id.
  public let id: ProcessID
  /// The parent's name.
  public let name: String
  private let pidfd: Descriptor?

  init(id: ProcessID, name: String) {
    self.id = id
    self.name = name
    // Only while it is our parent does the number surely mean it.
    let opened = try? ProcessControl.watch(id)
    pidfd = ThisProcess.parentID == id ? opened : nil
  }

  /// True until the parent has ended.
  public var isAlive: Bool { ThisProcess.parentID == id }

  /// Waits until the parent has ended.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled, `system` when the wait cannot be set up.
  public func join() async throws { _ = try await waitForAny(of: [self]) }

  /// Waits until the parent has ended; false when `timeout` passes first.
  ///
  /// - Throws: CancellationError when the awaiting task is cancelled, `system` when the wait cannot be set up.
  public func join(timeout: Duration) async throws -> Bool {
    try await !waitForAny(of: [self], timeout: timeout).isEmpty
  }

  /// Ready when the parent has ended.
  public var waitSource: WaitSource { WaitSource(pidfd.map { .descriptor($0) } ?? .ready) }
}
