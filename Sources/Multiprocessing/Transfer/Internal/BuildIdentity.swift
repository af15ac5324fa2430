internal import MultiprocessingSystem

/// Which build of the program a process runs: equal in two processes that loaded the same executable.
struct BuildIdentity: Sendable {
  let text: String
  /// FNV-1a of the text: what frames carry.
  let hash: UInt64

  init(text: String) {
    self.text = text
    hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  static let own = BuildIdentity(text: Image.main?.identity ?? "")
}
