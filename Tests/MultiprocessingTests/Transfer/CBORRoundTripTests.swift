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
    var g: Int??
    var h: Int?? = .some(nil)
    var i: String??? = .some(.some(nil))
  }

  enum Choice: Codable, Equatable {
    case none
    case number(Int)
    case labelled(name: String, values: [Double])
    indirect case nested(Choice)
  }

  enum Outcome<Value: Codable & Equatable>: Codable, Equatable {
    case success(Value)
    case failure(String)
  }

  enum Colour: String, Codable, CodingKeyRepresentable { case red, green }
  enum Digit: Int, Codable {
    case one = 1
    case two
  }
  struct Large: Codable, Equatable { var a = Int128.min, b = UInt128.max, c: Int128? = .max, d: UInt128? }

  struct Alone: Codable, Equatable {
    var value: Int128
    init(value: Int128) { self.value = value }
    init(from decoder: any Decoder) throws { value = try decoder.singleValueContainer().decode(Int128.self) }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode(value)
    }
  }

  struct Pair: Codable, Hashable { var x: Int, y: Int }

  @Test func `a struct comes back equal`() throws { try expectRoundTrip(Fields()) }

  @Test func `optionals of optionals keep their level`() throws {
    try expectRoundTrip(Int?.none)
    try expectRoundTrip(Int??.none)
    try expectRoundTrip(Int??.some(nil))
    try expectRoundTrip(Int??.some(5))
    try expectRoundTrip([Int???.none, .some(nil), .some(.some(nil)), 7])
    try expectRoundTrip(["a": Int??.none, "b": .some(nil), "c": 3])
    try expectRoundTrip([1: [String??.none], 2: [.some(nil), "x"]])
    try expectRoundTrip(Outcome.success(Int??.some(nil)))
    try expectRoundTrip(Outcome.success(Int??.none))
  }

  @Test func `enums with payloads come back equal`() throws {
    try expectRoundTrip([Choice.none, .number(4), .labelled(name: "x", values: [1]), .nested(.nested(.number(1)))])
    try expectRoundTrip([Outcome.success([1, 2]), .failure("no")])
    try expectRoundTrip([Colour.red, .green])
    try expectRoundTrip(Digit.two)
  }

  @Test func `dictionaries come back equal whatever their keys`() throws {
    try expectRoundTrip(["b": 1, "a": 2, "": 3, "5": 4, "05": 5])
    try expectRoundTrip([5: "five", -1: "minus", .max: "most", .min: "least"])
    try expectRoundTrip([Colour.red: 1, .green: 2])
    try expectRoundTrip([Digit.one: 1, .two: 2])
    try expectRoundTrip([Pair(x: 1, y: 2): ["z": 1.5]])
    try expectRoundTrip([1.5: "x"])
    try expectRoundTrip([String: Int]())
    try expectRoundTrip(Dictionary(uniqueKeysWithValues: (0..<500).map { ("key \($0)", [$0]) }))
  }

  @Test func `integers keep their extremes`() throws {
    try expectRoundTrip([Int128.min, .max, 0, -1, Int128(Int64.min) - 1, Int128(UInt64.max) + 1])
    try expectRoundTrip([UInt128.min, .max, UInt128(UInt64.max) + 1])
    try expectRoundTrip(["x": Int64.min, "y": .max])
    try expectRoundTrip(["x": UInt64.min, "y": .max])
    try expectRoundTrip(["x": Int128.min, "y": .max])
    try expectRoundTrip(Set([Int8.min, -25, -24, -1, 0, 23, 24, .max]))
    try expectRoundTrip(["x": Int16.min, "y": .max])
    try expectRoundTrip(["x": Int32.min, "y": .max])
    try expectRoundTrip([UInt8.max: UInt16.max])
    try expectRoundTrip(Large())
    try expectRoundTrip(Alone(value: .min))
    try expectRoundTrip([UInt32.max: UInt.max])
  }

  @Test func `floating-point numbers keep every bit but a NaN's payload`() throws {
    let doubles: Set<UInt64> = Set(
      [0.0, -0.0, 1.1, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude].map(\.bitPattern))
    for pattern in doubles {
      let value = Double(bitPattern: pattern)
      for result in try roundTrip(["x": value]) { #expect(result["x"]?.bitPattern == pattern) }
      for result in try roundTrip([value]) { #expect(result[0].bitPattern == pattern) }
    }
    for value in [Float.infinity, -0.0, 1.1, .leastNonzeroMagnitude] {
      for result in try roundTrip(["x": value]) { #expect(result["x"]?.bitPattern == value.bitPattern) }
    }
    try expectRoundTrip([Float16.infinity, -0.0, 1.1, .leastNonzeroMagnitude])
    #expect(try roundTrip(["x": Double.nan]).allSatisfy { $0["x"]!.isNaN })
    #expect(try roundTrip(["x": Float.nan]).allSatisfy { $0["x"]!.isNaN })
    #expect(try roundTrip(["x": Float16.nan]).allSatisfy { $0["x"]!.isNaN })
  }

  @Test func `arrays of numbers come back equal at every depth`() throws {
    try expectRoundTrip([Int]())
    try expectRoundTrip([[1, 2], [], [Int.min, .max]])
    try expectRoundTrip(["x": [[1.5, -2]]])
    try expectRoundTrip([[Int8.min, 5], []])
    try expectRoundTrip([[Int16.min, 5], []])
    try expectRoundTrip([[Int32.min, 5], []])
    try expectRoundTrip([[Int64.min, 5], []])
    try expectRoundTrip([[UInt.max, 5], []])
    try expectRoundTrip([[UInt8.max, 5], []])
    try expectRoundTrip([[UInt16.max, 5], []])
    try expectRoundTrip([[UInt32.max, 5], []])
    try expectRoundTrip([[UInt64.max, 5], []])
    try expectRoundTrip([[Float.pi, 5], []])
    try expectRoundTrip([[true, false], []])
    try expectRoundTrip(ContiguousArray([1, 2, 3]))
    try expectRoundTrip([[1, nil], []] as [[Int?]])
    try expectRoundTrip([Pair(x: 1, y: 2), Pair(x: 3, y: 4)])
    try expectRoundTrip([[Pair?.none, Pair(x: 1, y: 2)]])
    try expectRoundTrip(SIMD4<Float>(1, 2, 3, 4))
  }

  @Test func `an array of 100 MB comes back equal`() throws {
    let array = Array(0..<12_500_000)
    let bytes = try CBOREncoder().encode(["x": array])
    #expect(bytes.count < array.count * 8 + 20)
    #expect(try CBORDecoder().decode([String: [Int]].self, from: bytes) == ["x": array])
  }

  @Test func `strings keep every character`() throws {
    try expectRoundTrip(["", "a\0b", "é", "e\u{301}", "🧑‍🧑‍🧒‍🧒", String(repeating: "long ", count: 100_000)])
    // Equal as strings although their scalars differ, so compared by scalars.
    for result in try roundTrip("e\u{301}") { #expect(Array(result.unicodeScalars) == ["e", "\u{301}"]) }
  }

  @Test func `ranges and sets come back equal`() throws {
    try expectRoundTrip(1..<5)
    try expectRoundTrip(1...5)
    try expectRoundTrip("a"..<"b")
    try expectRoundTrip(Set(["x", "y"]))
    try expectRoundTrip(Set([Pair(x: 1, y: 1)]))
  }

  @Test func `containers of every length come back equal`() throws {
    // The length of the head changes at 24, 256 and 65,536 entries.
    for count in [0, 1, 22, 23, 24, 25, 255, 256, 257, 65_535, 65_536, 70_000] {
      try expectRoundTrip((0..<count).map(String.init))
      try expectRoundTrip(Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, $0) }))
    }
  }
}
