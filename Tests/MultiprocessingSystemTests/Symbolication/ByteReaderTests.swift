import Testing

@testable import MultiprocessingSystem

@Suite("Byte reader")
struct ByteReaderTests {
  @Test("reads numbers from the low byte up")
  func numbers() {
    var reader = ByteReader([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    #expect(reader.uint8() == 1)
    #expect(reader.uint16() == 0x0302)
    #expect(reader.uint32() == 0x0706_0504)
    #expect(reader.uint64() == 0x0f0e_0d0c_0b0a_0908)
    #expect(reader.isAtEnd)
    #expect(!reader.isExhausted)
  }

  @Test("reads numbers of variable length")
  func variableLength() {
    var reader = ByteReader([0xe5, 0x8e, 0x26, 0x80, 0x7f, 0x3f, 0x40])
    #expect(reader.uleb() == 624_485)
    #expect(reader.sleb() == -128)
    #expect(reader.sleb() == 63)
    #expect(reader.sleb() == -64)
  }

  @Test("drops the bits of a number that is too long, and ends it with the bytes")
  func overlong() {
    var reader = ByteReader(Array(repeating: 0xff, count: 40) + [0])
    #expect(reader.uleb() == .max)
    #expect(!reader.isExhausted)
    var endless = ByteReader(Array(repeating: 0xff, count: 40))
    _ = endless.sleb()
    #expect(endless.isExhausted)
  }

  @Test("gives zeros past the end, for good")
  func exhaustion() {
    var reader = ByteReader([1, 2, 3])
    #expect(reader.uint32() == 0)
    #expect(reader.isExhausted)
    #expect(reader.uint8() == 0)
    #expect(reader.remaining == 0)
  }

  @Test("stops at the end it was given and never goes back")
  func bounds() {
    var reader = ByteReader([1, 2, 3, 4], from: 1, to: 3)
    #expect(reader.uint16() == 0x0302)
    #expect(reader.uint8() == 0)
    var other = ByteReader([1, 2, 3, 4], from: 2)
    other.advance(to: 1)
    #expect(other.isExhausted)
    var third = ByteReader([1, 2, 3, 4])
    third.skip(.max)
    #expect(third.isExhausted)
    #expect(ByteReader([1], from: 9, to: -3).isAtEnd)
  }

  @Test("reads text up to its zero, or the end")
  func text() {
    var reader = ByteReader(Array("ab".utf8) + [0] + Array("cd".utf8))
    #expect(reader.cString() == "ab")
    #expect(reader.cString() == "cd")
    #expect(reader.isExhausted)
    #expect(reader.cString() == "")
  }
}
