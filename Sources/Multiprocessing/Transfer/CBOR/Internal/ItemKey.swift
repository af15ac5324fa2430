/// The place of an element in an unkeyed container, and the key of a super class, in coding paths.
enum ItemKey: CodingKey {
  case index(Int)
  case superClass

  var stringValue: String {
    switch self {
    case .index(let index): "Index \(index)"
    case .superClass: "super"
    }
  }

  var intValue: Int? {
    if case .index(let index) = self { index } else { nil }
  }

  init?(stringValue: String) {
    guard stringValue == "super" else { return nil }
    self = .superClass
  }

  init?(intValue: Int) { self = .index(intValue) }
}
