internal import MultiprocessingSystem

/// How a process ended.
public enum TerminationStatus: Sendable, Hashable, Codable {
  /// It ended by itself with this exit code.
  case exited(Int32)
  /// This signal ended it.
  case signaled(Int32)
  /// Somebody else collected the exit status (a `wait` for any child elsewhere in the program).
  case unknown
}

extension TerminationStatus: CustomStringConvertible {
  /// For example "exit code 1" or "signal 9 (SIGKILL)".
  public var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signaled(let number): "signal \(number) (\(SignalName.of(number)))"
    case .unknown: "unknown status"
    }
  }
}
