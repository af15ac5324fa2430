/// How a lock was acquired.
public enum Acquisition: Sendable, Hashable {
  /// Nobody held it, or its holder released it.
  case acquired
  /// Its holder, the process with this id, died inside: what the lock guards may be half changed.
  case acquiredAfterOwnerDied(ProcessID)
}
