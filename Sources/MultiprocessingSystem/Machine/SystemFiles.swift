internal import Glibc

/// The kernel's text files, below a directory that tests may choose.
package struct SystemFiles: Sendable {
  /// Put before every path; empty for the real system.
  package let root: String

  package init(root: String = "") {
    self.root = root
  }

  /// The whole file; nil when it cannot be read or is larger than 4 MiB.
  ///
  /// Read to its end, not to its size: files of the kernel have none.
  package func text(_ path: String) -> String? {
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    guard let opened = try? systemCall("open", { open(root + path, flags) }) else { return nil }
    let descriptor = Descriptor(owning: opened)
    var content: [UInt8] = []
    while content.count < 1 << 22 {
      guard let piece = Self.piece(of: descriptor.number) else { return nil }
      if piece.isEmpty { return String(decoding: content, as: UTF8.self) }
      content += piece
    }
    return nil
  }

  private static func piece(of descriptor: Int32) -> [UInt8]? {
    var failed = false
    let piece = [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
      // SAFETY: read writes at most the buffer's length and returns how much.
      let length = try? systemCall("read") { read(descriptor, buffer.baseAddress, buffer.count) }
      count = length ?? 0
      failed = length == nil
    }
    return failed ? nil : piece
  }

  /// The lines of the file, without empty ones; none when it cannot be read.
  package func lines(_ path: String) -> [Substring] {
    text(path)?.split(separator: "\n") ?? []
  }

  /// The one line of the file, without spaces around it.
  package func line(_ path: String) -> String? {
    text(path).flatMap { $0.split(whereSeparator: \.isNewline).first.map { Self.trimmed($0) } }
  }

  /// The one number of the file; nil for anything else, "max" included.
  package func number(_ path: String) -> Int64? {
    line(path).flatMap { Int64($0) }
  }

  /// The number after `key` in a file of "key number" lines, with or without a colon.
  package func number(_ path: String, key: String) -> UInt64? {
    for line in lines(path) {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" })
      if words.count >= 2, words[0] == key { return UInt64(words[1]) }
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
