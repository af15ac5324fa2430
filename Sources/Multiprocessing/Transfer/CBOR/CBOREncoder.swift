/// Writes `Encodable` values as CBOR (RFC 8949), with arrays of numbers as typed arrays (RFC 8746).
///
/// The bytes are written in one pass into one buffer: there is no tree in between.
package struct CBOREncoder: Sendable {
  /// What `encode(to:)` finds in its encoder's `userInfo`.
  package var userInfo: [CodingUserInfoKey: any Sendable]
  /// Whether arrays of trivially copyable elements are copied as they lie in memory, for a reader of the same build.
  package var copiesTrivialArrays: Bool

  package init(userInfo: [CodingUserInfoKey: any Sendable] = [:], copiesTrivialArrays: Bool = false) {
    self.userInfo = userInfo
    self.copiesTrivialArrays = copiesTrivialArrays
  }

  /// The value as one CBOR item.
  ///
  /// - Throws: `EncodingError`, or what the value's own `encode(to:)` throws.
  package func encode<T: Encodable>(_ value: T) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try encode(value, into: &bytes)
    return bytes
  }

  /// Appends the value as one CBOR item; an error leaves the bytes as they were.
  package func encode<T: Encodable>(_ value: T, into bytes: inout [UInt8]) throws {
    try encode(value, into: &bytes, context: nil)
  }

  @inline(__always)
  func encode<T: Encodable>(_ value: T, into bytes: inout [UInt8], context: LazyContext?) throws {
    // SAFETY: the output does not use the pointer after `complete`.
    try withUnsafeMutablePointer(to: &bytes) { buffer in
      try encode(
        value,
        to: EncodingOutput(
          into: buffer, copiesTrivialArrays: copiesTrivialArrays, userInfo: userInfo, context: context))
    }
  }

  private func encode<T: Encodable>(_ value: T, to output: EncodingOutput) throws {
    let count = output.count
    do {
      try EncodingSlot.root(output).write(value, at: nil)
      try output.complete()
    } catch {
      try? output.complete()
      output.truncate(to: count)
      throw error
    }
  }
}

extension EncodingSlot {
  /// What the value itself is written into.
  static func root(_ output: EncodingOutput) -> EncodingSlot {
    let root = EncodingSlot(output, in: nil)
    root.kind = .single
    output.top = root
    return root
  }
}
