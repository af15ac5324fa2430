/// A type of the standard library that is one CBOR item by itself, without its Codable conformance.
protocol DirectScalar: Codable, Sendable {
  func write(to output: EncodingOutput)
  static func read(_ item: CBORItem, from input: DecodingInput) throws(CBORFault) -> Self
}

extension DirectScalar where Self: FixedWidthInteger {
  @inline(__always)
  func write(to output: EncodingOutput) { output.write(self) }

  @inline(__always)
  static func read(_ item: CBORItem, from input: DecodingInput) throws(CBORFault) -> Self {
    try input.integer(item, as: Self.self)
  }
}

extension Int: DirectScalar {}
extension Int8: DirectScalar {}
extension Int16: DirectScalar {}
extension Int32: DirectScalar {}
extension Int64: DirectScalar {}
extension Int128: DirectScalar {}
extension UInt: DirectScalar {}
extension UInt8: DirectScalar {}
extension UInt16: DirectScalar {}
extension UInt32: DirectScalar {}
extension UInt64: DirectScalar {}
extension UInt128: DirectScalar {}

extension Bool: DirectScalar {
  @inline(__always)
  func write(to output: EncodingOutput) { output.write(self) }

  static func read(_ item: CBORItem, from input: DecodingInput) throws(CBORFault) -> Bool { try input.bool(item) }
}

extension String: DirectScalar {
  @inline(__always)
  func write(to output: EncodingOutput) { output.write(self) }

  static func read(_ item: CBORItem, from input: DecodingInput) throws(CBORFault) -> String { try input.string(item) }
}

extension Float: DirectScalar {
  @inline(__always)
  func write(to output: EncodingOutput) { output.write(self) }

  static func read(_ item: CBORItem, from input: DecodingInput) throws(CBORFault) -> Float { try input.float(item) }
}

extension Double: DirectScalar {
  @inline(__always)
  func write(to output: EncodingOutput) { output.write(self) }

  static func read(_ item: CBORItem, from input: DecodingInput) throws(CBORFault) -> Double { try input.double(item) }
}

// SAFETY: Sendable, as it stores nothing.
/// The form of a scalar met as a generic parameter, for example as the element of an array.
final class ScalarForm<Scalar: DirectScalar>: DirectForm, @unchecked Sendable {
  override func write(_ value: UnsafeRawPointer, to output: EncodingOutput) {
    // SAFETY: registered for the scalar's type, so the memory holds one.
    value.assumingMemoryBound(to: Scalar.self).pointee.write(to: output)
  }

  // SAFETY: the caller allocated the memory for one Scalar, the type that this form is registered for.
  override func read(
    at offset: Int, from input: DecodingInput, to memory: UnsafeMutableRawPointer
  ) throws(CBORFault) -> Bool {
    let item = try input.item(at: offset)
    // SAFETY: registered for the scalar's type, so the memory is for one.
    memory.initializeMemory(as: Scalar.self, to: try Scalar.read(item, from: input))
    if let end = input.end(ofScalar: item) { input.note(offset, endsAt: end) }
    return true
  }
}
