/// Memory of a process, from /proc.
package enum ProcessMemory {
  /// Bytes that belong to the process alone (RssAnon): neither files nor shared memory. 0 when it cannot be read.
  package static func privateBytes(of id: Int32) -> Int {
    guard let bytes = DescriptorIO.contents(of: "/proc/\(id)/status") else { return 0 }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("RssAnon:") {
      let digits = line.drop { !$0.isNumber }.prefix { $0.isNumber }
      return (Int(digits) ?? 0) * 1024
    }
    return 0
  }
}
