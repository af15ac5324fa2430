package import MultiprocessingSystem

/// Where progress is shown.
package struct ProgressOutput: Sendable {
  /// Asked before each line: a window changes its size.
  package var traits: @Sendable () -> TerminalTraits
  /// Called once for each update, never by two threads at a time.
  package var write: @Sendable ([UInt8]) -> Void

  package init(traits: @escaping @Sendable () -> TerminalTraits, write: @escaping @Sendable ([UInt8]) -> Void) {
    self.traits = traits
    self.write = write
  }

  /// Standard error, by a `write` that never waits for who reads it.
  package static func standardError(_ write: @escaping @Sendable ([UInt8]) -> Void) -> ProgressOutput {
    ProgressOutput(traits: { StandardStream.errorTerminal }, write: write)
  }
}
