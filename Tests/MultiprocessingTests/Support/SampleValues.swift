import Multiprocessing

struct Point: Codable, Sendable, Hashable {
  var x = 0.0
  var y = 0.0
  var label: String?
}

enum Shape: Codable, Sendable, Hashable {
  case circle(radius: Double)
  case named(String, points: [Point])
  case nothing
}

struct CodableFailure: Error, Codable, Hashable {
  var reason: String
  var places: [Int]
}

struct PlainFailure: Error, CustomStringConvertible {
  var description: String
}

/// Its encoding always fails. With a string, so that it is not copied as bytes.
struct Unencodable: Codable, Sendable {
  var text = "text"

  init() {}
  init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
  func encode(to encoder: any Encoder) throws { throw CodableFailure(reason: "cannot be written", places: []) }
}

/// Its decoding always fails.
struct Undecodable: Codable, Sendable {
  var text = "text"

  init() {}
  init(from decoder: any Decoder) throws { throw CodableFailure(reason: "cannot be read", places: []) }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
