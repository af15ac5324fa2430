/// The tag numbers that this library writes or understands.
enum CBORTag {
  /// RFC 8949: unsigned and negative big numbers.
  static let bignum: UInt64 = 2
  static let negativeBignum: UInt64 = 3
  /// RFC 8746: the tags of typed arrays of numbers.
  static let typedArrays: ClosedRange<UInt64> = 64...87
  /// Private ("MP"): an array of trivially copyable elements, as `[stride, byte string]`. Only between equal builds.
  static let copiedArray: UInt64 = 0x4D50
  /// Private ("MQ"): the content is the value of an optional that is not nil, although it reads as null.
  static let some: UInt64 = 0x4D51
  /// The encoded head of `some`.
  static let someHead: [UInt8] = [0xD9, 0x4D, 0x51]
}

/// The eight major types of RFC 8949, as the three high bits of an item's first byte.
enum CBORMajor {
  static let unsigned: UInt8 = 0x00
  static let negative: UInt8 = 0x20
  static let bytes: UInt8 = 0x40
  static let text: UInt8 = 0x60
  static let array: UInt8 = 0x80
  static let map: UInt8 = 0xA0
  static let tag: UInt8 = 0xC0
  static let simple: UInt8 = 0xE0
}

/// What both directions refuse to go beyond.
package enum CBORBounds {
  /// Levels of values, containers or tags inside each other.
  package static let depth = 512
  /// Bytes of stack that nested `encode(to:)` and `init(from:)` calls may use before the end of the stack is looked up.
  static let freeStack = 64 * 1024
  /// Bytes of stack that they leave for the last value's own code, and for an error.
  static let reservedStack = 128 * 1024
}
