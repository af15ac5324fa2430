import Testing

@testable import Multiprocessing

@Suite struct `CBOR containers` {
  enum Key: String, CodingKey { case a, b, c, d }

  /// Encodes by a closure, to use containers in every order.
  struct Writing: Encodable {
    let body: (any Encoder) throws -> Void
    func encode(to encoder: any Encoder) throws { try body(encoder) }
  }

  /// Keeps the decoder, to ask it afterwards.
  struct Reading: Decodable {
    let decoder: any Decoder
    init(from decoder: any Decoder) { self.decoder = decoder }
  }

  private func bytes(_ body: @escaping (any Encoder) throws -> Void) throws -> [UInt8] {
    try CBOREncoder().encode(Writing(body: body))
  }

  private func decode<T: Decodable>(_ type: T.Type = T.self, _ body: @escaping (any Encoder) throws -> Void) throws -> T
  {
    try CBORDecoder().decode(type, from: bytes(body))
  }

  @Test func `nested containers may be written in turns`() throws {
    let lists: [String: [String]] = try decode { encoder in
      var outer = encoder.container(keyedBy: Key.self)
      var a = outer.nestedUnkeyedContainer(forKey: .a)
      var b = outer.nestedUnkeyedContainer(forKey: .b)
      for index in 0..<60 {
        try a.encode("a\(index)")
        if index % 2 == 0 { try b.encode("b\(index)") }
      }
      try outer.encode(["c"], forKey: .c)
      try a.encode("end")
    }
    #expect(lists["a"] == (0..<60).map { "a\($0)" } + ["end"])
    #expect(lists["b"] == stride(from: 0, to: 60, by: 2).map { "b\($0)" })
    #expect(lists["c"] == ["c"])
  }

  @Test func `containers nested in closed ones may be written in turns`() throws {
    let value: [String: [String: [Int]]] = try decode { encoder in
      var outer = encoder.container(keyedBy: Key.self)
      var a = outer.nestedContainer(keyedBy: Key.self, forKey: .a)
      var b = outer.nestedContainer(keyedBy: Key.self, forKey: .b)
      var ax = a.nestedUnkeyedContainer(forKey: .c)
      var bx = b.nestedUnkeyedContainer(forKey: .c)
      var ay = a.nestedUnkeyedContainer(forKey: .d)
      for number in 0..<30 {
        try ax.encode(number)
        try bx.encode(number * 10)
        try ay.encode(number * 100)
      }
    }
    #expect(value["a"]?["c"] == Array(0..<30))
    #expect(value["a"]?["d"] == (0..<30).map { $0 * 100 })
    #expect(value["b"]?["c"] == (0..<30).map { $0 * 10 })
  }

  @Test func `super encoders may be used after their container`() throws {
    let value: [String: [Int]] = try decode { encoder in
      var outer = encoder.container(keyedBy: Key.self)
      let inSuper = outer.superEncoder()
      let single = outer.superEncoder(forKey: .b)
      let keyed = outer.superEncoder(forKey: .c)
      try outer.encode([1], forKey: .a)
      try [2, 3].encode(to: inSuper)
      var container = single.singleValueContainer()
      try container.encode([4, 5])
      var list = keyed.unkeyedContainer()
      try list.encode(6)
    }
    #expect(value == ["super": [2, 3], "b": [4, 5], "c": [6], "a": [1]])
  }

  class Base: Codable {
    var x = 1
    private enum Key: CodingKey { case x }
    init() {}
    required init(from decoder: any Decoder) throws {
      x = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .x)
    }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(x, forKey: .x)
    }
  }

  /// Shares the container of its super class.
  final class Sharing: Base {
    var y = 2
    private enum Key: CodingKey { case y }
    override init() { super.init() }
    required init(from decoder: any Decoder) throws {
      y = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .y)
      try super.init(from: decoder)
    }
    override func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try super.encode(to: encoder)
      try container.encode(y, forKey: .y)
    }
  }

  /// Gives its super class an encoder of its own, in a list.
  final class Separate: Base {
    var y = "two"
    override init() { super.init() }
    required init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      y = try list.decode(String.self)
      try super.init(from: list.superDecoder())
    }
    override func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode(y)
      try super.encode(to: list.superEncoder())
    }
  }

  @Test func `class hierarchies come back`() throws {
    let sharing = Sharing()
    (sharing.x, sharing.y) = (7, 8)
    for result in try roundTrip(sharing) { #expect(result.x == 7 && result.y == 8) }
    let separate = Separate()
    (separate.x, separate.y) = (9, "ten")
    for result in try roundTrip([separate]) { #expect(result[0].x == 9 && result[0].y == "ten") }
  }

  @Test func `an entry that fails leaves its container as it was`() throws {
    struct Failure: Error {}
    let value: [String: Int] = try decode { encoder in
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(1, forKey: .a)
      let failing = Writing { encoder in
        var inner = encoder.unkeyedContainer()
        try inner.encode("half")
        throw Failure()
      }
      #expect(throws: Failure.self) { try container.encode(failing, forKey: .b) }
      try container.encode(3, forKey: .c)
    }
    #expect(value == ["a": 1, "c": 3])
  }

  @Test func `bytes given in one piece become a byte string, and a list when more follows`() throws {
    let content = (0..<200).map { UInt8($0) }
    let packed = try bytes { encoder in
      var list = encoder.unkeyedContainer()
      try list.encode(contentsOf: content)
    }
    #expect(packed == [0x58, 200] + content)
    let mixed: [Int] = try decode { encoder in
      var list = encoder.unkeyedContainer()
      try list.encode(contentsOf: content)
      try list.encode(1000)
      try list.encode(contentsOf: [UInt8(5)])
    }
    #expect(mixed == content.map(Int.init) + [1000, 5])
  }

  @Test func `a value that asks for no container decodes as an empty one`() throws {
    let nothing = try bytes { _ in }
    #expect(nothing == [0xA0])
    #expect(try bytes { _ = $0.singleValueContainer() } == [0xA0])
    #expect(try CBORDecoder().decode([String: Int].self, from: nothing).isEmpty)
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Int.self, from: nothing) }
  }

  @Test func `asking for containers of different kinds is an error`() {
    #expect(throws: EncodingError.self) {
      try bytes { encoder in
        var keyed = encoder.container(keyedBy: Key.self)
        var unkeyed = encoder.unkeyedContainer()
        try keyed.encode(1, forKey: .a)
        try? unkeyed.encode(2)
      }
    }
    #expect(throws: EncodingError.self) {
      try bytes { encoder in
        var single = encoder.singleValueContainer()
        try single.encode(1)
        try single.encode(2)
      }
    }
  }

  @Test func `what outlives its call is refused`() throws {
    final class Kept {
      var encoder: (any Encoder)?
      var list: (any UnkeyedEncodingContainer)?
    }
    let kept = Kept()
    _ = try bytes { encoder in
      kept.encoder = encoder
      kept.list = encoder.unkeyedContainer()
    }
    #expect(throws: EncodingError.self) { try kept.list?.encode(1) }
    #expect(throws: EncodingError.self) { try 5.encode(to: kept.encoder!) }
    let decoder = try CBORDecoder().decode(Reading.self, from: [0x81, 0x05]).decoder
    #expect(throws: DecodingError.self) { try [Int](from: decoder) }
  }

  @Test func `keys can be listed, asked for and read in any order`() throws {
    struct Probe: Decodable {
      init(from decoder: any Decoder) throws {
        let map = try decoder.container(keyedBy: Key.self)
        #expect(map.allKeys == [.a, .b, .d])
        #expect(map.contains(.d) && !map.contains(.c))
        #expect(try map.decode(Int.self, forKey: .d) == 4)
        #expect(try map.decodeNil(forKey: .b) && !map.decodeNil(forKey: .a))
        #expect(try map.decodeIfPresent(Int.self, forKey: .b) == nil)
        #expect(try map.decodeIfPresent(Int.self, forKey: .c) == nil)
        #expect(try map.decodeIfPresent(Int.self, forKey: .a) == 1)
        #expect(throws: DecodingError.self) { try map.decode(Int.self, forKey: .c) }
      }
    }
    _ = try decode(Probe.self) { encoder in
      var map = encoder.container(keyedBy: Key.self)
      try map.encode(1, forKey: .a)
      try map.encodeNil(forKey: .b)
      try map.encode(4, forKey: .d)
    }
  }

  @Test func `a list tells how far it has been read`() throws {
    struct Probe: Decodable {
      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        #expect(list.count == 3)
        #expect(try !list.decodeNil())
        #expect(try list.decode(Int.self) == 1)
        #expect(try list.decodeNil())
        #expect(throws: DecodingError.self) { try list.decode(Int.self) }
        #expect(list.currentIndex == 2)
        #expect(try list.decode(String.self) == "x")
        #expect(list.isAtEnd)
        #expect(throws: DecodingError.self) { try list.decode(Int.self) }
      }
    }
    _ = try CBORDecoder().decode(Probe.self, from: [0x83, 0x01, 0xF6, 0x61, 0x78])
  }

  @Test func `integer keys are accepted, and the first of equal keys counts`() throws {
    #expect(try CBORDecoder().decode([Int: Int].self, from: [0xA2, 0x01, 0x02, 0x20, 0x03]) == [1: 2, -1: 3])
    #expect(try CBORDecoder().decode([String: Int].self, from: [0xA2, 0x01, 0x02, 0x61, 0x31, 0x03]) == ["1": 2])
    let twice: [UInt8] = [0xA3, 0x61, 0x61, 0x01, 0x61, 0x62, 0x02, 0x61, 0x61, 0x03]
    #expect(try CBORDecoder().decode([String: Int].self, from: twice) == ["a": 1, "b": 2])
  }

  @Test func `errors say where they happened`() throws {
    struct Inner: Codable { var list: [[String: Int]] }
    struct Outer: Codable { var inner: Inner }
    let bytes = try CBOREncoder().encode(["inner": ["list": [["x": "1"], ["x": "no"]]]])
    do {
      _ = try CBORDecoder().decode(Outer.self, from: bytes)
      Issue.record("a string was taken for an integer")
    } catch DecodingError.typeMismatch(let type, let context) {
      #expect(ObjectIdentifier(type) == ObjectIdentifier(Int.self))
      #expect(context.codingPath.map(\.stringValue) == ["inner", "list", "Index 0", "x"])
    }
  }

  @Test func `user information reaches both sides`() throws {
    struct Probe: Codable {
      static let key = CodingUserInfoKey(rawValue: "probe")!
      init() {}
      init(from decoder: any Decoder) throws { #expect(decoder.userInfo[Self.key] as? Int == 5) }
      func encode(to encoder: any Encoder) throws { #expect(encoder.userInfo[Self.key] as? Int == 5) }
    }
    let bytes = try CBOREncoder(userInfo: [Probe.key: 5]).encode([Probe()])
    #expect(try CBORDecoder(userInfo: [Probe.key: 5]).decode([Probe].self, from: bytes).count == 1)
  }
}
