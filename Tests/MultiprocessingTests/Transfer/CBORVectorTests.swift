import Testing

@testable import Multiprocessing

/// The bytes of a string of hexadecimal digits.
func hex(_ digits: String) -> [UInt8] {
  let nibbles = digits.compactMap(\.hexDigitValue)
  return stride(from: 0, to: nibbles.count - 1, by: 2).map { UInt8(nibbles[$0] << 4 | nibbles[$0 + 1]) }
}

@Suite struct `CBOR as other writers have it` {
  private func decode<T: Decodable>(_ digits: String, as type: T.Type = T.self) throws -> T {
    try CBORDecoder().decode(type, from: hex(digits))
  }

  // RFC 8949, appendix A.

  @Test(
    arguments: [
      ("00", 0), ("01", 1), ("0a", 10), ("17", 23), ("1818", 24), ("1819", 25), ("1864", 100), ("1903e8", 1000),
      ("1a000f4240", 1_000_000), ("1b000000e8d4a51000", 1_000_000_000_000), ("1bffffffffffffffff", Int128(UInt64.max)),
      ("c249010000000000000000", Int128(UInt64.max) + 1), ("3bffffffffffffffff", -1 - Int128(UInt64.max)),
      ("c349010000000000000000", -2 - Int128(UInt64.max)), ("20", -1), ("29", -10), ("3863", -100), ("3903e7", -1000),
      ("c11a514b67b0", 1_363_896_240),
    ] as [(String, Int128)])
  func `integers are read`(digits: String, value: Int128) throws {
    #expect(try decode(digits) == value)
  }

  @Test(arguments: [
    ("f90000", 0.0), ("f98000", -0.0), ("f93c00", 1.0), ("fb3ff199999999999a", 1.1), ("f93e00", 1.5),
    ("f97bff", 65504.0), ("fa47c35000", 100000.0), ("fa7f7fffff", 3.4028234663852886e+38),
    ("fb7e37e43c8800759c", 1.0e+300), ("f90001", 5.960464477539063e-8), ("f90400", 0.00006103515625),
    ("f9c400", -4.0), ("fbc010666666666666", -4.1), ("f97c00", .infinity), ("f9fc00", -.infinity),
    ("fa7f800000", .infinity), ("faff800000", -.infinity), ("fb7ff0000000000000", .infinity), ("19ffff", 65535),
    ("c1fb41d452d9ec200000", 1363896240.5),
  ])
  func `floating-point numbers are read`(digits: String, value: Double) throws {
    #expect(try decode(digits, as: Double.self).bitPattern == value.bitPattern)
  }

  @Test(arguments: ["f97e00", "fa7fc00000", "fb7ff8000000000000"])
  func `a NaN of any size is read`(digits: String) throws {
    #expect(try decode(digits, as: Double.self).isNaN)
    #expect(try decode(digits, as: Float.self).isNaN)
  }

  @Test func `simple values are read`() throws {
    #expect(try decode("f4") == false)
    #expect(try decode("f5") == true)
    #expect(try decode("f6", as: Int?.self) == nil)
    #expect(try decode("f7", as: Int?.self) == nil)
  }

  @Test(arguments: [
    ("60", ""), ("6161", "a"), ("6449455446", "IETF"), ("62225c", "\"\\"), ("62c3bc", "\u{fc}"),
    ("63e6b0b4", "\u{6c34}"),
    ("64f0908591", "\u{10151}"), ("7f657374726561646d696e67ff", "streaming"),
    ("c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"),
    ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", "http://www.example.com"),
  ])
  func `strings are read`(digits: String, value: String) throws {
    #expect(try decode(digits) == value)
  }

  @Test func `byte strings are read`() throws {
    #expect(try decode("40", as: [UInt8].self) == [])
    #expect(try decode("4401020304", as: [UInt8].self) == [1, 2, 3, 4])
    #expect(try decode("d74401020304", as: [UInt8].self) == [1, 2, 3, 4])
    #expect(try decode("d818456449455446", as: [UInt8].self) == [0x64, 0x49, 0x45, 0x54, 0x46])
  }

  @Test func `arrays are read, of either kind of length`() throws {
    let toTwentyFive = "0102030405060708090a0b0c0d0e0f101112131415161718181819"
    #expect(try decode("80", as: [Int].self) == [])
    #expect(try decode("83010203", as: [Int].self) == [1, 2, 3])
    #expect(try decode("9819" + toTwentyFive, as: [Int].self) == Array(1...25))
    #expect(try decode("9fff", as: [Int].self) == [])
    #expect(try decode("9f" + toTwentyFive + "ff", as: [Int].self) == Array(1...25))
    #expect(try decode("82019f0203ff", as: Mixed.self).flat == [1, 2, 3])
    let nested = [
      "8301820203820405", "9f018202039f0405ffff", "9f01820203820405ff", "83018202039f0405ff", "83019f0203ff820405",
    ]
    for digits in nested {
      #expect(try decode(digits, as: Mixed.self).flat == [1, 2, 3, 4, 5])
    }
  }

  /// Numbers and lists in any order.
  indirect enum Mixed: Decodable {
    case number(Int)
    case list([Mixed])

    init(from decoder: any Decoder) throws {
      do { self = .number(try decoder.singleValueContainer().decode(Int.self)) } catch {
        self = .list(try decoder.singleValueContainer().decode([Mixed].self))
      }
    }

    var flat: [Int] {
      switch self {
      case .number(let number): [number]
      case .list(let list): list.flatMap(\.flat)
      }
    }
  }

  @Test func `maps are read, of either kind of length`() throws {
    #expect(try decode("a0", as: [String: Int].self) == [:])
    #expect(try decode("a201020304", as: [Int: Int].self) == [1: 2, 3: 4])
    let letters = ["a": "A", "b": "B", "c": "C", "d": "D", "e": "E"]
    #expect(try decode("a56161614161626142616361436164614461656145", as: [String: String].self) == letters)

    struct Record: Decodable, Equatable { var a: Int, b: [Int] }
    #expect(try decode("a26161016162820203", as: Record.self) == Record(a: 1, b: [2, 3]))
    #expect(try decode("bf61610161629f0203ffff", as: Record.self) == Record(a: 1, b: [2, 3]))
    struct Answer: Decodable, Equatable {
      var fun: Bool
      var amount: Int
      enum CodingKeys: String, CodingKey {
        case fun = "Fun"
        case amount = "Amt"
      }
    }
    #expect(try decode("bf6346756ef563416d7421ff", as: Answer.self) == Answer(fun: true, amount: -2))
  }

  @Test func `byte strings of indefinite length are refused`() {
    #expect(throws: DecodingError.self) { try decode("5f42010243030405ff", as: [UInt8].self) }
  }

  // RFC 8746, section 2.

  @Test func `arrays of numbers have the tags of typed arrays`() throws {
    func head<E: Encodable>(_ array: [E]) throws -> [UInt8] { Array(try CBOREncoder().encode(array).prefix(2)) }
    #expect(try CBOREncoder().encode([UInt8(1), 2]) == hex("420102"))
    #expect(try head([UInt16(1)]) == [0xD8, 69])
    #expect(try head([UInt32(1)]) == [0xD8, 70])
    #expect(try head([UInt64(1)]) == [0xD8, 71])
    #expect(try head([UInt(1)]) == [0xD8, 71])
    #expect(try head([Int8(1)]) == [0xD8, 72])
    #expect(try head([Int16(1)]) == [0xD8, 77])
    #expect(try head([Int32(1)]) == [0xD8, 78])
    #expect(try head([Int64(1)]) == [0xD8, 79])
    #expect(try head([Int(1)]) == [0xD8, 79])
    #expect(try head([Float(1)]) == [0xD8, 85])
    #expect(try head([Double(1)]) == [0xD8, 86])
    #expect(try CBOREncoder().encode([Int16(1), -2]) == hex("d84d440100feff"))
  }

  @Test(arguments: [
    ("d840420102", [1, 2]), ("d844420102", [1, 2]), ("d8484201ff", [1, -1]), ("d84142ff01", [65281]),
    ("d8454201ff", [65281]), ("d84942fffe", [-2]), ("d84d42feff", [-2]), ("d84244ffffffff", [4_294_967_295]),
    ("d8464401000000", [1]), ("d84a44fffffffe", [-2]), ("d84e44feffffff", [-2]), ("d843480000000000000001", [1]),
    ("d847480100000000000000", [1]), ("d84b48fffffffffffffffe", [-2]), ("d84f48feffffffffffffff", [-2]),
    ("d850423c00", [1]), ("d85442003c", [1]), ("d851443f800000", [1]), ("d855440000803f", [1]),
    ("d852483ff0000000000000", [1]), ("d85648000000000000f03f", [1]),
  ])
  func `typed arrays of every kind are read as any number`(digits: String, numbers: [Int]) throws {
    #expect(try decode(digits, as: [Int].self) == numbers)
    #expect(try decode(digits, as: [Double].self) == numbers.map(Double.init))
    #expect(try decode(digits, as: [Int64?].self) == numbers.map(Int64.init))
  }

  @Test(arguments: ["d84c420102", "d84f4101", "d8574110", "d85350" + String(repeating: "00", count: 16)])
  func `typed arrays that are none are refused`(digits: String) {
    #expect(throws: DecodingError.self) { try decode(digits, as: [Int].self) }
  }

  @Test func `integers that do not fit are refused`() {
    #expect(throws: DecodingError.self) { try decode("190100", as: UInt8.self) }
    #expect(throws: DecodingError.self) { try decode("20", as: UInt64.self) }
    #expect(throws: DecodingError.self) { try decode("1bffffffffffffffff", as: Int64.self) }
    #expect(throws: DecodingError.self) { try decode("3880", as: Int8.self) }
    #expect(throws: DecodingError.self) { try decode("c2520100000000000000000000000000000000ff", as: UInt128.self) }
    #expect(throws: DecodingError.self) { try decode("fb3ff8000000000000", as: Int.self) }
    #expect(throws: DecodingError.self) { try decode("fb7e37e43c8800759c", as: Float.self) }
    #expect(throws: DecodingError.self) { try decode("1b0020000000000001", as: Double.self) }
    #expect(throws: DecodingError.self) { try decode("62ff41", as: String.self) }
  }
}
