/// One of the facts after the bar.
struct ProgressDetail {
  let text: String
  /// The least important goes first when there is no room.
  let importance: Int
  let isFailure: Bool

  init(_ text: String, importance: Int, isFailure: Bool = false) {
    self.text = text
    self.importance = importance
    self.isFailure = isFailure
  }

  func colored(_ color: Bool) -> String {
    color && isFailure ? "\u{1B}[31m\(text)\u{1B}[0m" : text
  }
}

extension [ProgressDetail] {
  mutating func removeLeastImportant() {
    guard let index = indices.min(by: { self[$0].importance < self[$1].importance }) else { return }
    remove(at: index)
  }
}
