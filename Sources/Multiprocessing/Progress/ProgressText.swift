// How numbers, times and widths read in a progress line. Without Foundation, which the core does not load.

extension Double {
  /// A rate of items a second in the unit that gives a number to read: "83/s", "8.3/s", "12/min", "3/h".
  package var perTime: String {
    if self >= 9.95 { return "\(Int(rounded()))/s" }
    if self >= 0.95 { return "\(tenths)/s" }
    let perMinute = self * 60
    if perMinute >= 0.95 { return "\(Int(perMinute.rounded()))/min" }
    return "\((perMinute * 60).tenths)/h"
  }

  private var tenths: String {
    let count = Int((self * 10).rounded())
    return count % 10 == 0 ? "\(count / 10)" : "\(count / 10).\(count % 10)"
  }
}

extension Duration {
  /// Minutes and seconds, or hours, minutes and seconds: "0:07", "2:03:09".
  package var clockText: String {
    let seconds = Int((self / .seconds(1)).rounded())
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600)
    let tail = "\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    guard hours > 0 else { return "\(minutes):\(tail)" }
    return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(tail)"
  }
}

extension StringProtocol {
  /// Columns on a terminal: two for what East Asian typography and emoji make wide.
  package var displayWidth: Int {
    reduce(0) { $0 + $1.displayWidth }
  }

  package func truncated(to width: Int?) -> String {
    guard let width else { return String(self) }
    var room = width
    return String(
      prefix {
        room -= $0.displayWidth
        return room >= 0
      })
  }
}

extension Character {
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
    0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD,
  ]

  fileprivate var displayWidth: Int {
    guard let value = unicodeScalars.first?.value, value >= 0x1100 else { return 1 }
    return Self.wide.contains { $0.contains(value) } ? 2 : 1
  }
}
