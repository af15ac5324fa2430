import Foundation
import Testing

@testable import Multiprocessing

/// A generator of its own, so that a failing run can be had again.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct `CBOR from a hostile writer` {
  indirect enum Tree: Codable {
    case leaf(String?)
    case node([Tree], [String: Tree])
    case numbers([Double], Int128)
  }

  struct Message: Codable {
    var name = "message"
    var count: Int?? = .some(nil)
    var tree = Tree.node([.leaf("x"), .leaf(nil), .numbers([1, 2], -5)], ["k": .node([], [:])])
    var numbers = [1, 2, 300]
    var blob = Data([1, 2, 3])
    var flags: Set<Int8> = [1, -1]
    var date = Date(timeIntervalSince1970: 5)
    var table = [1: ["a": 1.5], 2: [:]]
    var optional: [Int?] = [1, nil]
  }

  /// Read in the order in which it was written, without a look for the end of any value.
  struct Widget: Codable {
    struct Part: Codable { var label = "part", weight = 1.5, codes = ["a", "bc"] }
    var id = 7
    var name = "a name of more than seven bytes"
    var identifier = Int?.none
    var tags = ["alpha", "beta"]
    var parts = [Part(), Part()]
    var part = Part()
    var isOK = true
  }

  static var messages: [[UInt8]] {
    get throws {
      let encoder = CBOREncoder()
      return [
        try encoder.encode(Message()), try encoder.encode([Message(), Message()]), try encoder.encode(["x": 1.5]),
        try encoder.encode((0..<300).map(String.init)), try encoder.encode(Widget()),
        hex("bf61610161629f0203ff6163d84f48feffffffffffffffff"),
      ]
    }
  }

  /// Reads the bytes as several types. Whatever it finds, it returns or throws.
  private func read(_ bytes: [UInt8]) {
    func attempt<T: Decodable>(_ type: T.Type) { _ = try? CBORDecoder().decode(type, from: bytes) }
    attempt(Message.self)
    attempt([Message].self)
    attempt(Widget.self)
    attempt([String: Double].self)
    attempt([String].self)
    attempt(CBORVectors.Mixed.self)
    attempt(Data.self)
  }

  typealias CBORVectors = `CBOR as other writers have it`

  @Test func `a message cut short anywhere is an error`() throws {
    let message = try CBOREncoder().encode(Message())
    for length in 0..<message.count {
      #expect(throws: DecodingError.self) { try CBORDecoder().decode(Message.self, from: Array(message[..<length])) }
    }
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Message.self, from: message + [0]) }
  }

  @Test func `any one byte may be changed to any other`() throws {
    let messages = [try CBOREncoder().encode(Message()), hex("bf61610161629f0203ff6163d84f48feffffffffffffffff")]
    for message in messages {
      for index in message.indices {
        var changed = message
        for byte in UInt8.min...UInt8.max {
          changed[index] = byte
          _ = try? CBORDecoder().decode(Message.self, from: changed)
        }
      }
    }
  }

  @Test func `random changes do no harm`() throws {
    // Each changed message is read as seven types: the number counts readings.
    let iterations = ProcessInfo.processInfo.environment["MP_FUZZ_ITERATIONS"].flatMap(Int.init) ?? 100_000
    let messages = try Self.messages
    let heads: [UInt8] = [0x9F, 0xBF, 0xFF, 0x5F, 0x9B, 0xBB, 0xDB, 0xC2]
    var random = SeededGenerator(state: 20_260_301)
    for _ in 0..<iterations / 7 {
      var bytes = messages.randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        let index = bytes.indices.randomElement(using: &random)!
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(heads.randomElement(using: &random)!, at: index)
        default: bytes.insert(contentsOf: bytes[index...].prefix(Int.random(in: 1...9, using: &random)), at: index)
        }
      }
      read(bytes)
    }
  }

  @Test(arguments: [
    "9bffffffffffffffff", "9b7fffffffffffffff", "9affffffff", "bbffffffffffffffff", "bb7fffffffffffffff", "baffffffff",
    "5bffffffffffffffff", "5b7fffffffffffffff", "7bffffffffffffffff", "7b7fffffffffffffff", "d84f5b7ffffffffffffff8",
    "9b00000000ffffffff01", "bb8000000000000000", "7f7b7fffffffffffffff", "9f9b7fffffffffffffffff",
  ])
  func `a length beyond the data is refused before anything is reserved for it`(digits: String) {
    func refuses<T: Decodable>(_ type: T.Type) {
      #expect(throws: DecodingError.self) { try CBORDecoder().decode(type, from: hex(digits)) }
    }
    refuses([Int].self)
    refuses([UInt8].self)
    refuses([String].self)
    refuses([String: Int].self)
    refuses(String.self)
    refuses(Data.self)
  }

  @Test(arguments: ["81", "9f", "a10081", "a1616181", "bf6161", "d9d9f7", "c1", "d94d51", "d94d50", "c2"])
  func `nesting without end is an error`(digits: String) {
    let bytes = Array(repeatElement(hex(digits), count: 200_000).joined())
    read(bytes)
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(CBORVectors.Mixed.self, from: bytes) }
    #expect(throws: DecodingError.self) { try CBORDecoder().decode([String: Int].self, from: bytes) }
    #expect(throws: DecodingError.self) { try CBORDecoder().decode(Int??.self, from: bytes + [0xF6]) }
    // Nested where nobody looks.
    #expect(throws: DecodingError.self) {
      try CBORDecoder().decode([String: Int].self, from: [0xA2, 0x80] + bytes + [0x61, 0x61, 0x01])
    }
  }

  @Test func `a map of many keys is read in time that grows with its size`() throws {
    // Watched by the test's own patience: with a search for each key this would take hours in a debug build.
    let map = Dictionary(uniqueKeysWithValues: (0..<50_000).map { ("key \($0)", $0) })
    #expect(try CBORDecoder().decode([String: Int].self, from: CBOREncoder().encode(map)) == map)
  }

  @Test func `copied arrays are checked against their element's size`() throws {
    struct Point: Codable { var x: Int, y: Int }
    let coder = CBORDecoder(copiesTrivialArrays: true)
    #expect(try coder.decode([Point].self, from: hex("d94d50821040")).isEmpty)
    for digits in ["d94d50820840", "d94d50821041ff", "d94d50821048" + "0000000000000000", "d94d508110", "d94d5010"] {
      #expect(throws: DecodingError.self) { try coder.decode([Point].self, from: hex(digits)) }
    }
    // Not accepted from another build at all.
    #expect(throws: DecodingError.self) { try CBORDecoder().decode([Point].self, from: hex("d94d50821040")) }
  }
}
