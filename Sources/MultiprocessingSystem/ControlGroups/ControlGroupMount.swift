/// A mounted control group hierarchy: a line of `/proc/self/mountinfo`.
struct ControlGroupMount: Equatable {
  /// 1 or 2.
  var version: Int
  /// The group that is seen at the mount point. Not "/" in a container that shares the host's namespace of groups.
  var root: String
  var directory: String
  /// Version 1 only: what the hierarchy controls, and mount options.
  var controllers: [Substring]

  /// Nil for a mount of anything else.
  init?(line: Substring) {
    let halves = line.split(separator: " - ", maxSplits: 1)
    guard halves.count == 2 else { return nil }
    let fields = halves[0].split(separator: " ")
    let kind = halves[1].split(separator: " ")
    guard fields.count >= 5, kind.count >= 3, kind[0] == "cgroup" || kind[0] == "cgroup2" else { return nil }
    version = kind[0] == "cgroup2" ? 2 : 1
    root = Self.unescaped(fields[3])
    directory = Self.unescaped(fields[4])
    controllers = kind[2].split(separator: ",")
  }

  /// Spaces, tabs, newlines and backslashes in paths are written as `\ooo`, in octal.
  private static func unescaped(_ text: Substring) -> String {
    var result: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(Substring(digits), radix: 8) {
        result.append(code)
        rest = rest.dropFirst(3)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
