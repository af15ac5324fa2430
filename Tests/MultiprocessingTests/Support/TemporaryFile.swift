import Foundation

/// A file for what several processes say, removed with this object.
final class TemporaryFile: Sendable {
  let path = "\(NSTemporaryDirectory())/mp-test-\(UUID().uuidString)"

  deinit { unlink(path) }

  var lines: [String] { Self.lines(of: path) }

  static func lines(of path: String) -> [String] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// Adds a line in one write, from any process.
  static func append(_ line: String, to path: String) {
    let number = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard number >= 0 else { return }
    defer { close(number) }
    let bytes = Array("\(line)\n".utf8)
    _ = write(number, bytes, bytes.count)
  }
}
