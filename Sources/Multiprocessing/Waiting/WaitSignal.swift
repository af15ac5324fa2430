/// Something that becomes ready without a descriptor: how types of the layers above take part in `waitForAny`.
package protocol WaitSignal: Sendable {
  /// Whether it is ready now.
  var isReady: Bool { get }

  /// Calls `notify` when it may be ready, at once where it is. What is returned ends the watch; after `notify` it need
  /// not, and may, be called.
  ///
  /// - Throws: what keeps it from being watched.
  func watch(_ notify: @escaping @Sendable () -> Void) throws -> @Sendable () -> Void
}
