import Synchronization
import Testing

@testable import Multiprocessing

/// What one message leaves behind for the next: slots, containers and buffers.
@Suite struct `Coding one message after another` {
  struct Point: Codable, Equatable, Sendable {
    var name: String
    var tags: [String]
    var next: [Point] = []
  }

  struct Line: Codable, Equatable, Sendable {
    var from: Point
    var name: String?
    var to: Other

    enum Key: String, CodingKey { case from, name, to }
  }

  struct Other: Codable, Equatable, Sendable { var weight: Double, label: String }

  static let line = Line(
    from: Point(name: "a", tags: ["x", "ÿ"], next: [Point(name: "b", tags: [])]), name: nil,
    to: Other(weight: 1.5, label: "a label longer than seven bytes"))

  private func expectRoundTrip<T: Codable & Equatable & Sendable>(_ value: T) throws {
    for format in [TransferFormat.sameBuild, .portable] {
      let payload = try TransferCoder<T>.encode(value, format)
      #expect(try TransferCoder<T>.decode(payload, format) == value)
    }
  }

  @Test func `types may alternate and nest`() throws {
    for _ in 0..<5 {
      try expectRoundTrip(Self.line)
      try expectRoundTrip([Self.line.to])
      try expectRoundTrip(["k": Self.line, "l": Self.line])
      try expectRoundTrip(Self.line.from)
    }
  }

  @Test func `the same value has the same bytes every time`() throws {
    let first = try TransferCoder<Line>.encode(Self.line, .portable).bytes
    for _ in 0..<5 { #expect(try TransferCoder<Line>.encode(Self.line, .portable).bytes == first) }
    #expect(try TransferCoder<Line>.withEncoded(Self.line, .portable) { bytes, _ in Array(bytes) } == first)
  }

  /// Keeps its decoder, as code does that looks at a type's name first.
  private struct Probe: Decodable, @unchecked Sendable {
    enum Key: String, CodingKey { case name, tags, next }
    let name: String
    let decoder: any Decoder

    init(from decoder: any Decoder) throws {
      self.decoder = decoder
      name = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .name)
    }

    func again() throws -> [String] {
      try decoder.container(keyedBy: Key.self).decode([String].self, forKey: .tags)
    }
  }

  private struct Probed: Decodable {
    static let kept = Mutex<[Probe]>([])
    let tags: [String]

    init(from decoder: any Decoder) throws {
      let probe = try decoder.container(keyedBy: Line.Key.self).decode(Probe.self, forKey: .from)
      tags = try probe.again() + Point(from: probe.decoder).tags
      Self.kept.withLock { $0.append(probe) }
    }
  }

  @Test func `a decoder that user code keeps is asked again, in time and too late`() throws {
    let bytes = try CBOREncoder().encode(Self.line)
    for _ in 0..<50 {
      #expect(try CBORDecoder().decode(Probed.self, from: bytes).tags == ["x", "ÿ", "x", "ÿ"])
      for probe in Probed.kept.withLock({ $0 }) { #expect(throws: DecodingError.self) { try probe.again() } }
      if Bool.random() { Probed.kept.withLock { $0 = [] } }
    }
    Probed.kept.withLock { $0 = [] }
  }

  @Test func `an encoder that user code keeps is refused afterwards`() throws {
    struct Keeping: Encodable {
      final class Box: @unchecked Sendable { var encoder: (any Encoder)? }
      let box = Box()

      func encode(to encoder: any Encoder) throws {
        box.encoder = encoder
        var container = encoder.container(keyedBy: Probe.Key.self)
        try container.encode("n", forKey: .name)
      }
    }
    for _ in 0..<50 {
      let value = Keeping()
      _ = try CBOREncoder().encode([value, value])
      var late = try #require(value.box.encoder).container(keyedBy: Probe.Key.self)
      #expect(throws: EncodingError.self) { try late.encode("late", forKey: .tags) }
    }
  }

  @Test func `threads do not share what they use`() async throws {
    try await withThrowingTaskGroup { group in
      for number in 0..<8 {
        group.addTask {
          let point = Point(name: "point \(number)", tags: Array(repeating: "tag \(number)", count: number * 9))
          for _ in 0..<200 {
            let bytes = try TransferCoder<Point>.encode(point, .sameBuild)
            #expect(try TransferCoder<Point>.decode(bytes, .sameBuild) == point)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Keeps what its coding was given.
  struct Keeper: Codable, Sendable {
    enum Key: CodingKey { case name }
    nonisolated(unsafe) static var encoder: (any Encoder)?
    nonisolated(unsafe) static var writing: KeyedEncodingContainer<Key>?
    nonisolated(unsafe) static var reading: KeyedDecodingContainer<Key>?
    let name: String

    init(_ name: String) { self.name = name }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      name = try container.decode(String.self, forKey: .name)
      if name == "kept" { Self.reading = container }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(name, forKey: .name)
      guard name == "kept" else { return }
      Self.encoder = encoder
      Self.writing = container
    }
  }

  @Test func `a container kept by user code does not reach into the next message`() throws {
    let first = try TransferCoder<Keeper>.encode(Keeper("kept"), .sameBuild)
    #expect(try TransferCoder<Keeper>.decode(first, .sameBuild).name == "kept")
    let later = try TransferCoder<Keeper>.withEncoded(Keeper("later"), .sameBuild) { bytes, _ in
      #expect(throws: EncodingError.self) { try Keeper.writing?.encode("intruder", forKey: .name) }
      #expect(throws: EncodingError.self) {
        var container = Keeper.encoder?.singleValueContainer()
        try container?.encode("intruder")
      }
      return Array(bytes)
    }
    let name = try later.withUnsafeBytes { bytes in
      #expect(throws: DecodingError.self) { try Keeper.reading?.decode(String.self, forKey: .name) }
      return try TransferCoder<Keeper>.decode(bytes, .sameBuild).name
    }
    #expect(name == "later")
    (Keeper.encoder, Keeper.writing, Keeper.reading) = (nil, nil, nil)
  }

  @Test func `an error leaves nothing behind`() throws {
    struct Refusal: Error {}
    struct Half: Codable, Sendable {
      var name = "x"
      init() {}
      enum Key: CodingKey { case name, inner }
      init(from decoder: any Decoder) throws {
        _ = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .name)
        throw Refusal()
      }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        var inner = container.nestedUnkeyedContainer(forKey: .inner)
        try inner.encode(["a"])
        throw Refusal()
      }
    }
    let bytes = try TransferCoder<[String: String]>.encode(["name": "x"], .sameBuild)
    for _ in 0..<3 {
      #expect(throws: MultiprocessingError.self) { try TransferCoder<[Half]>.encode([Half()], .sameBuild) }
      #expect(throws: MultiprocessingError.self) { try TransferCoder<Half>.decode(bytes, .sameBuild) }
      try expectRoundTrip(Self.line)
    }
  }

  @Test func `keys may be asked for in any order, again, and in vain`() throws {
    struct Reader: Decodable {
      enum Key: String, CodingKey { case a, b, alphabetical, alphabets, missing }
      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        #expect(try container.decode(Int.self, forKey: .b) == 2)
        #expect(try container.decode(Int.self, forKey: .a) == 1)
        #expect(try container.decodeIfPresent(Int.self, forKey: .missing) == nil)
        #expect(!container.contains(.missing))
        // Alike in their first seven bytes.
        #expect(try container.decode(String.self, forKey: .alphabetical) == "x")
        #expect(try container.decodeIfPresent(String.self, forKey: .alphabets) == "y")
        #expect(try container.decode(Int.self, forKey: .a) == 1)
        #expect(container.allKeys == [.a, .b, .alphabetical, .alphabets])
      }
    }
    // {"a": 1, "b": 2, "a": 3, "alphabetical": "x", "alphabets": "y", "alphabets": "z"}
    let bytes = hex(
      "a6616101616202616103"
        + "6c616c7068616265746963616c6178"
        + "69616c706861626574736179" + "69616c70686162657473617a")
    _ = try CBORDecoder().decode(Reader.self, from: bytes)
  }

  @Test func `texts of every length are told apart from what is no text`() throws {
    try expectRoundTrip((0..<40).map { String(repeating: "é", count: $0) })
    try expectRoundTrip((0..<40).map { String(repeating: "e", count: $0) })
    #expect(throws: DecodingError.self) { try CBORDecoder().decode([String].self, from: hex("8161ff")) }
    #expect(throws: DecodingError.self) { try CBORDecoder().decode([String].self, from: hex("82016161")) }
    #expect(try CBORDecoder().decode([String].self, from: hex("9f6161ff")) == ["a"])
    #expect(try CBORDecoder().decode([String].self, from: hex("817f61616162ff")) == ["ab"])
  }
}
