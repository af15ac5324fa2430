/// Reads what a `FieldWriter` wrote. The bytes are not trusted: a count is checked against what is there before anything
/// is reserved for it.
package struct FieldReader {
  /// The bytes end before the field does, or are none of the kind.
  package struct Malformed: Error {}

  private let bytes: [UInt8]
  private var position: Int

  package init(_ bytes: [UInt8], from position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// What has not been read.
  package var rest: [UInt8] { Array(bytes[position...]) }

  package mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw Malformed() }
    defer { position += 1 }
    return bytes[position]
  }

  package mutating func flag() throws -> Bool { try byte() != 0 }

  package mutating func number() throws -> Int64 {
    guard bytes.count - position >= 8 else { throw Malformed() }
    var bits: UInt64 = 0
    for index in (0..<8).reversed() { bits = bits << 8 | UInt64(bytes[position + index]) }
    position += 8
    return Int64(bitPattern: bits)
  }

  package mutating func integer() throws -> Int {
    guard let value = Int(exactly: try number()) else { throw Malformed() }
    return value
  }

  package mutating func text() throws -> String {
    let count = try self.count(of: 1)
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }

  package mutating func optionalNumber() throws -> Int64? { try flag() ? try number() : nil }
  package mutating func optionalText() throws -> String? { try flag() ? try text() : nil }

  package mutating func optionalTexts() throws -> [String]? {
    guard try flag() else { return nil }
    let count = try self.count(of: 4)
    var texts: [String] = []
    texts.reserveCapacity(count)
    for _ in 0..<count { texts.append(try text()) }
    return texts
  }

  package mutating func integers() throws -> [Int] {
    let count = try self.count(of: 8)
    var numbers: [Int] = []
    numbers.reserveCapacity(count)
    for _ in 0..<count { numbers.append(try integer()) }
    return numbers
  }

  /// A count of elements that take at least `size` bytes each.
  private mutating func count(of size: Int) throws -> Int {
    guard bytes.count - position >= 4 else { throw Malformed() }
    var count = 0
    for index in (0..<4).reversed() { count = count << 8 | Int(bytes[position + index]) }
    position += 4
    guard count <= (bytes.count - position) / size else { throw Malformed() }
    return count
  }
}
