/// The head of one item, with the tags before it.
struct CBORItem {
  /// The last tag before the item that this library knows; others are skipped.
  var tag: UInt64?
  /// One of `CBORMajor`.
  let major: UInt8
  /// The low five bits of the first byte.
  let info: UInt8
  /// The number in the head: a value, a length or a count.
  let argument: UInt64
  /// Where the head ends.
  let next: Int

  var isIndefinite: Bool { info == 31 }
  var isNil: Bool { major == CBORMajor.simple && (info == 22 || info == 23) }

  /// What it is, for messages.
  var kind: String {
    switch major {
    case CBORMajor.unsigned, CBORMajor.negative: "an integer"
    case CBORMajor.bytes: "a byte string"
    case CBORMajor.text: "a string"
    case CBORMajor.array: "an array"
    case CBORMajor.map: "a map"
    case CBORMajor.tag: "a tag"
    default: simpleKind
    }
  }

  private var simpleKind: String {
    switch info {
    case 20, 21: "a Boolean"
    case 22, 23: "null"
    case 25, 26, 27: "a floating-point number"
    case 31: "an end of an indefinite-length item"
    default: "a simple value \(argument)"
    }
  }
}

/// What is wrong with an item, before it is known under which keys it lies.
enum CBORFault: Error {
  case corrupted(String)
  /// Well-formed, and not what was asked for.
  case mismatch(found: String)
  case foundNil

  static func found(_ item: CBORItem) -> CBORFault { item.isNil ? .foundNil : .mismatch(found: item.kind) }

  func decodingError(_ type: Any.Type, at path: [any CodingKey]) -> DecodingError {
    switch self {
    case .corrupted(let text):
      .dataCorrupted(.init(codingPath: path, debugDescription: text))
    case .mismatch(let found):
      .typeMismatch(type, .init(codingPath: path, debugDescription: "expected \(type), found \(found)"))
    case .foundNil:
      .valueNotFound(type, .init(codingPath: path, debugDescription: "expected \(type), found null"))
    }
  }
}
