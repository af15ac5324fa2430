import Foundation
import Testing

@testable import Multiprocessing

@Suite struct `CBOR carries Foundation's values` {
  struct Record: Codable, Equatable {
    var name = "record"
    var date = Date(timeIntervalSince1970: 1_234_567.891)
    var url = URL(string: "https://example.com/a?b=c")!
    var identifier = UUID()
    var price = Decimal(string: "12345678901234567890.123456789")!
    var blob = Data([0, 1, 255, 23, 24])
    var indices = IndexSet([1, 2, 5])
    var parts = DateComponents(year: 2026, month: 3)
  }

  @Test func `a record comes back equal`() throws {
    try expectRoundTrip(Record())
    try expectRoundTrip([Record(), Record()])
    try expectRoundTrip([Date.distantPast, .distantFuture, .now])
    try expectRoundTrip([UUID: Date]())
  }

  @Test func `data is a byte string`() throws {
    let data = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0) })
    let bytes = try CBOREncoder().encode(data)
    #expect(bytes.count == 1003 && bytes[0] == 0x59)
    try expectRoundTrip(data)
    try expectRoundTrip(["x": Data()])
    try expectRoundTrip([data, Data(), Data([1])])
    #expect(try CBORDecoder().decode(Data.self, from: [0x82, 0x01, 0x18, 0xFF]) == Data([1, 255]))
    #expect(try CBORDecoder().decode(Data.self, from: [0xD8, 0x40, 0x42, 0x01, 0xFF]) == Data([1, 255]))
    #expect(try CBORDecoder().decode([UInt8].self, from: bytes) == [UInt8](data))
  }

  @Test func `a megabyte of data comes back equal`() throws {
    try expectRoundTrip(Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }))
  }

  /// Bytes with a rule of their own.
  struct EvenBytes: RangeReplaceableCollection, Codable {
    private var bytes: [UInt8] = []
    init() {}
    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      while !list.isAtEnd { bytes.append(try list.decode(UInt8.self) & 0xFE) }
    }
    func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode(contentsOf: bytes)
    }
    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }
    subscript(position: Int) -> UInt8 { bytes[position] }
    func index(after index: Int) -> Int { index + 1 }
    mutating func replaceSubrange(_ range: Range<Int>, with new: some Collection<UInt8>) {
      bytes.replaceSubrange(range, with: new)
    }
  }

  @Test func `only data is read in one piece`() throws {
    struct Probe: Decodable {
      init(from decoder: any Decoder) throws {
        let slot = try #require(decoder as? DecodingSlot)
        #expect(try FoundationData.read(Data.self, from: slot) == Data(repeating: 5, count: 100))
        #expect(try FoundationData.read(EvenBytes.self, from: slot) == nil)
        #expect(try FoundationData.read(String.self, from: slot) == nil)
      }
    }
    let bytes = try CBOREncoder().encode([UInt8](repeating: 5, count: 100))
    _ = try CBORDecoder().decode(Probe.self, from: bytes)
    #expect(try CBORDecoder().decode(EvenBytes.self, from: bytes).elementsEqual(repeatElement(4, count: 100)))
  }
}
