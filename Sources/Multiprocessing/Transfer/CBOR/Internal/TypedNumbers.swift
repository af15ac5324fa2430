/// The numbers of a byte string or of a typed array (RFC 8746), one at a time.
struct TypedNumbers {
  /// The low bits of a typed array's tag say what its elements are.
  private let tag: UInt8
  private let size: Int
  private let start: Int
  let count: Int

  init(_ item: CBORItem, in input: DecodingInput) throws(CBORFault) {
    let content = try input.content(of: item)
    tag = UInt8(truncatingIfNeeded: item.tag ?? 64)
    guard CBORTag.typedArrays.contains(UInt64(tag)), tag != 76, tag & 0b10011 != 0b10011 else {
      throw .mismatch(found: "a byte string with tag \(tag)")
    }
    // Floats start at two bytes, integers at one.
    size = 1 << Int((tag & 0b11) + (tag & 0b10000) >> 4)
    guard content.count % size == 0 else {
      throw .corrupted("a typed array of \(content.count) bytes, no multiple of its element's size")
    }
    start = item.next
    count = content.count / size
  }

  private var isFloat: Bool { tag & 0b10000 != 0 }
  private var isSigned: Bool { tag & 0b01000 != 0 }
  private var isLittleEndian: Bool { tag & 0b00100 != 0 }

  /// One element as the item that it would be in a plain array.
  @inline(__always)
  func item(at index: Int, in input: DecodingInput) throws(CBORFault) -> CBORItem {
    let offset = start + index * size
    if size == 1 && !isSigned { return .number(UInt64(try input.byte(at: offset))) }
    var bits: UInt64 = 0
    for position in 0..<size {
      bits = bits << 8 | UInt64(try input.byte(at: offset + (isLittleEndian ? size - 1 - position : position)))
    }
    if isFloat { return .float(bits, size: size) }
    guard isSigned else { return .number(bits) }
    let signed = Int64(truncatingIfNeeded: bits << UInt64(64 - 8 * size)) >> Int64(64 - 8 * size)
    return signed >= 0 ? .number(UInt64(signed)) : .negative(UInt64(~signed))
  }

  @inline(__always)
  func scalar<S: DirectScalar>(at index: Int, as type: S.Type, from input: DecodingInput) throws(CBORFault) -> S {
    try S.read(try item(at: index, in: input), from: input)
  }

  /// The elements from an index on as plain items.
  func items(from first: Int, in input: DecodingInput) throws(CBORFault) -> [UInt8] {
    var values: [CBORItem] = []
    for index in first..<count { values.append(try item(at: index, in: input)) }
    return EncodingMemory.with { memory in
      for value in values { memory.output.writeHead(value) }
      return Array(memory.output.content)
    }
  }
}

extension EncodingOutput {
  /// Writes a number in the size that it has.
  fileprivate func writeHead(_ number: CBORItem) {
    switch (number.major, number.info) {
    case (CBORMajor.simple, 25): write(Float(DecodingInput.half(UInt16(number.argument))))
    case (CBORMajor.simple, 26): write(Float(bitPattern: UInt32(number.argument)))
    case (CBORMajor.simple, _): write(Double(bitPattern: number.argument))
    default: writeHead(number.major, number.argument)
    }
  }
}

extension CBORItem {
  fileprivate static func number(_ value: UInt64) -> CBORItem {
    CBORItem(major: CBORMajor.unsigned, info: 27, argument: value, next: 0)
  }

  fileprivate static func negative(_ complement: UInt64) -> CBORItem {
    CBORItem(major: CBORMajor.negative, info: 27, argument: complement, next: 0)
  }

  fileprivate static func float(_ bits: UInt64, size: Int) -> CBORItem {
    CBORItem(major: CBORMajor.simple, info: UInt8(24 + size.trailingZeroBitCount), argument: bits, next: 0)
  }
}
