import Testing

@testable import Multiprocessing

@Suite struct `A transfer coder` {
  struct Point: Codable, Equatable, Sendable {
    var x: Double
    var y: Float
    var isSet: Bool
  }

  struct Named: Codable, Equatable, Sendable {
    var name: String
    var points: [Point]
  }

  struct Task: Sendable {
    static var coder: TransferCoder<Void> { TransferCoder() }
  }

  private func expectRoundTrip<T: Codable & Equatable & Sendable>(_ value: T) throws {
    let coder = TransferCoder<T>()
    for format in [TransferFormat.sameBuild, .portable] {
      #expect(try coder.decode(coder.encode(value, format), format) == value)
    }
  }

  @Test func `carries values in both formats`() throws {
    try expectRoundTrip(Point(x: 1, y: 2, isSet: true))
    try expectRoundTrip([Point](repeating: Point(x: 1, y: 2, isSet: true), count: 100))
    try expectRoundTrip(Named(name: "n", points: [Point(x: 1, y: 2, isSet: false)]))
    try expectRoundTrip(5)
    try expectRoundTrip("text")
    try expectRoundTrip([1, 2, 3])
    try expectRoundTrip([Int]())
    try expectRoundTrip(Int??.some(nil))
    try expectRoundTrip([Named(name: "", points: [])])
  }

  @Test func `carries nothing as no bytes`() throws {
    let coder = Task.coder
    let payload = try coder.encode((), .sameBuild)
    #expect(payload.bytes.isEmpty)
    try coder.decode(payload, .sameBuild)
  }

  @Test(arguments: [TransferFormat.sameBuild, .portable])
  func `carries the arguments of a closure in a row`(format: TransferFormat) throws {
    let payload = try encodeArguments(1, "two", [3.0], Point(x: 4, y: 5, isSet: true), format: format)
    let (a, b, c, d) = try decodeArguments(
      (Int.self, String.self, [Double].self, Point.self), from: payload, format: format)
    #expect(a == 1 && b == "two" && c == [3] && d == Point(x: 4, y: 5, isSet: true))
  }

  @Test func `carries no arguments as no bytes`() throws {
    let payload = try encodeArguments(format: .sameBuild)
    #expect(payload.bytes.isEmpty)
    let _: () = try decodeArguments((), from: payload, format: .sameBuild)
  }

  enum Suit: String, Codable, Sendable { case spades, hearts }

  @Test func `copies trivially copyable values, and arrays of them, between equal builds`() throws {
    #expect(try TransferCoder<Int>().encode(5, .sameBuild).bytes == [2, 5, 0, 0, 0, 0, 0, 0, 0])
    #expect(try TransferCoder<[UInt16]>().encode([1, 2], .sameBuild).bytes == [3, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0])
    #expect(try TransferCoder<String>().encode("a", .sameBuild).bytes == [1, 0x61, 0x61])
    try expectRoundTrip(Suit.hearts)
    try expectRoundTrip([Suit.hearts, .spades])
    try expectRoundTrip([Suit?.none, .spades])
    try expectRoundTrip([Int?]([1, nil]))
  }

  @Test func `writes plain CBOR for other builds`() throws {
    #expect(try TransferCoder<Int>().encode(5, .portable).bytes == [5])
    #expect(try TransferCoder<Suit>().encode(.hearts, .portable).bytes == [0x66] + Array("hearts".utf8))
  }

  /// Written as enums with raw values, read as the raw values.
  struct Lenient: Codable, Equatable, Sendable {
    var suits: [Suit]
    init(suits: [Suit]) { self.suits = suits }
    enum Key: CodingKey { case suits }
    init(from decoder: any Decoder) throws {
      let names = try decoder.container(keyedBy: Key.self).decode([String].self, forKey: .suits)
      suits = names.compactMap(Suit.init(rawValue:))
    }
  }

  @Test func `leaves enums with raw values inside other values to their own coding`() throws {
    try expectRoundTrip(Lenient(suits: [.hearts, .spades]))
  }

  struct Refusal: Error, Equatable {}

  struct Refusing: Codable, Sendable {
    var name = "x"
    init() {}
    init(from decoder: any Decoder) throws { throw Refusal() }
    func encode(to encoder: any Encoder) throws { throw Refusal() }
  }

  @Test(arguments: [TransferFormat.sameBuild, .portable])
  func `wraps what a value's own coding throws`(format: TransferFormat) throws {
    let writing = #expect(throws: MultiprocessingError.self) { try TransferCoder<Refusing>().encode(.init(), format) }
    #expect(writing?.code == .notTransferable)
    #expect(writing?.cause is Refusal)
    #expect(writing?.message.contains("Refusing cannot be encoded") == true)
    let bytes = try TransferCoder<String>().encode("x", format)
    let reading = #expect(throws: MultiprocessingError.self) { try TransferCoder<Refusing>().decode(bytes, format) }
    #expect(reading?.cause is Refusal)
    #expect(reading?.message.contains("Refusing cannot be decoded") == true)
  }

  @Test func `says which part of which type failed`() throws {
    let payload = try TransferCoder<[String: [String]]>().encode(["points": ["no"]], .portable)
    let error = #expect(throws: MultiprocessingError.self) { try TransferCoder<Named>().decode(payload, .portable) }
    #expect(error?.cause is DecodingError)
    #expect(error?.message.contains("Named cannot be decoded: no value for the key \"name\"") == true)
    let list = try TransferCoder<[String: [String]]>().encode(["points": ["no"]], .sameBuild)
    let inner = #expect(throws: MultiprocessingError.self) {
      try TransferCoder<[String: [Int]]>().decode(list, .sameBuild)
    }
    #expect(inner?.message.contains("(at points.Index 0)") == true)
  }

  @Test func `refuses messages cut short, too long or in another form`() throws {
    func refuses<T: Codable & Sendable>(_ type: T.Type, _ bytes: [UInt8]) {
      let error = #expect(throws: MultiprocessingError.self) {
        try TransferCoder<T>().decode(TransferPayload(bytes: bytes), .sameBuild)
      }
      #expect(error?.code == .notTransferable)
    }
    refuses(Int.self, [])
    refuses(Int.self, [0])
    refuses(Int.self, [4, 1])
    refuses(Int.self, [2, 1, 2, 3])
    refuses(Int.self, [2] + Array(repeating: 0, count: 9))
    refuses(Int.self, [3] + Array(repeating: 0, count: 8))
    refuses(String.self, [2, 1])
    refuses([Int].self, [2, 1])
    refuses([Int].self, [3, 1])
    refuses([Int].self, [3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2])
    refuses([Int].self, [3] + Array(repeating: 0xFF, count: 8))
    refuses([Int].self, [3] + [0, 0, 0, 0, 0, 0, 0, 0x20] + [0])
    refuses([String].self, [3] + Array(repeating: 0, count: 8))
    #expect(throws: MultiprocessingError.self) {
      try TransferCoder<Void>().decode(TransferPayload(bytes: [1]), .sameBuild)
    }
    #expect(throws: MultiprocessingError.self) {
      try decodeArguments((Int.self, Int.self), from: encodeArguments(1, format: .portable), format: .portable)
    }
  }

  @Test func `reads from memory of the caller's at any alignment`() throws {
    let coder = TransferCoder<[Double]>()
    let bytes = [0, 0, 0] + (try coder.encode([1.5, 2.5], .sameBuild).bytes)
    #expect(try bytes.withUnsafeBytes { try coder.decode(.init(rebasing: $0[3...]), .sameBuild) } == [1.5, 2.5])
  }

  @Test func `writes behind what a caller's buffer holds already, and takes a failure back`() throws {
    var bytes: [UInt8] = [9]
    try CBOREncoder().encode(5, into: &bytes)
    #expect(bytes == [9, 5])
    #expect(throws: Refusal.self) { try CBOREncoder().encode(["x": ["y", "z"].map { _ in Refusing() }], into: &bytes) }
    #expect(bytes == [9, 5])
  }
}
