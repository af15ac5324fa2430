/// Fields one after another, without names: what processes of this library tell each other when one starts and when it
/// gets a task.
///
/// Reading them looks up no metadata of generic types, which a process that has just begun would do for the first time:
/// a child's start parameters as Codable values cost it 0.1 ms and forty pages. Integers are little-endian; a text or
/// list has its count (4 bytes) before it; an optional has one byte, 0 or 1.
package struct FieldWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// With room for so many bytes.
  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  /// What follows the fields, without a count.
  mutating func append(_ rest: [UInt8]) { bytes += rest }

  package mutating func put(_ byte: UInt8) { bytes.append(byte) }

  package mutating func put(_ flag: Bool) { put(UInt8(flag ? 1 : 0)) }

  package mutating func put(_ number: Int64) {
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * Int64(shift)))) }
  }

  package mutating func put(_ text: String) {
    put(count: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  package mutating func put(_ number: Int64?) {
    put(number != nil)
    if let number { put(number) }
  }

  package mutating func put(_ text: String?) {
    put(text != nil)
    if let text { put(text) }
  }

  package mutating func put(_ texts: [String]?) {
    put(texts != nil)
    guard let texts else { return }
    put(count: texts.count)
    for text in texts { put(text) }
  }

  package mutating func put(_ numbers: [Int]) {
    put(count: numbers.count)
    for number in numbers { put(Int64(number)) }
  }

  private mutating func put(count: Int) {
    for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: count >> (8 * shift))) }
  }
}
