import Testing

@testable import Multiprocessing

/// Encodes and decodes, in both variants of the coder.
func roundTrip<T: Codable>(_ value: T) throws -> [T] {
  try [false, true].map { copies in
    let bytes = try CBOREncoder(copiesTrivialArrays: copies).encode(value)
    return try CBORDecoder(copiesTrivialArrays: copies).decode(T.self, from: bytes)
  }
}

func expectRoundTrip<T: Codable & Equatable>(_ value: T, location: SourceLocation = #_sourceLocation) throws {
  for result in try roundTrip(value) { #expect(result == value, sourceLocation: location) }
}

@Suite struct `CBOR carries every standard type` {
  struct Fields: Codable, Equatable {
    var a = 1
    var b = "two"
    var c = 3.5
    var d = true
    var e: [Int]? = [1, 2, 3]
    var f: Int?
  }

  enum Choice: Codable, Equatable {
    case none
    case number(Int)
    case labelled(name: String, values: [Double])
    indirect case nested(Choice)
  }

  @Test func `a struct comes back equal`() throws { try expectRoundTrip(Fields()) }

  @Test func `optionals of optionals keep their level`() throws {
    try expectRoundTrip(Int??.none)
    try expectRoundTrip(Int??.some(nil))
    try expectRoundTrip(Int??.some(5))
    try expectRoundTrip([Int???.none, .some(nil), .some(.some(nil)), 7])
    try expectRoundTrip(["a": Int??.none, "b": .some(nil), "c": 3])
  }

  @Test func `enums with payloads come back equal`() throws {
    try expectRoundTrip([Choice.none, .number(4), .labelled(name: "x", values: [1]), .nested(.nested(.number(1)))])
  }

  @Test func `integers keep their extremes`() throws {
    try expectRoundTrip([Int128.min, .max, 0, -1, Int128(Int64.min) - 1, Int128(UInt64.max) + 1])
    try expectRoundTrip([UInt128.min, .max, UInt128(UInt64.max) + 1])
    try expectRoundTrip([Int64.min, .max])
    try expectRoundTrip([UInt64.min, .max])
    try expectRoundTrip(["x": Int64.min, "y": .max])
    try expectRoundTrip(["x": Int128.min])
  }
}
