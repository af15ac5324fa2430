/// The bar itself, in eighths of a column where Unicode allows.
struct ProgressBar {
  /// From 0 to 1.
  let fraction: Double

  private static let narrowest = 5
  private static let widest = 40
  private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

  /// Empty where there is no room for a bar that says anything.
  func drawn(in room: Int, unicode: Bool) -> String {
    let width = min(room, Self.widest)
    guard width >= Self.narrowest else { return "" }
    return unicode ? blocks(width) : signs(width - 2)
  }

  private func blocks(_ width: Int) -> String {
    let parts = Int(fraction * Double(width * 8))
    let solid = String(repeating: "█", count: parts / 8) + Self.eighths[parts % 8]
    return solid + String(repeating: "░", count: width - solid.count)
  }

  private func signs(_ width: Int) -> String {
    let filled = Int(fraction * Double(width))
    return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
  }
}
