/// The place of one value in the input: what `init(from:)` sees as its decoder.
final class DecodingSlot {
  let input: DecodingInput
  let parent: DecodingSlot?
  /// The key under which the parent holds this value.
  let key: (any CodingKey)?
  let depth: Int
  /// Whether the value is an `Optional`, whose nil differs from a content that reads as null.
  let isOptional: Bool
  let offset: Int

  init(
    _ input: DecodingInput, in parent: DecodingSlot?, at key: (any CodingKey)?, offset: Int, isOptional: Bool = false
  ) {
    self.input = input
    self.parent = parent
    self.key = key
    self.offset = offset
    self.isOptional = isOptional
    depth = (parent?.depth ?? -1) + 1
  }

  /// The keys from the root to this value.
  var codingPath: [any CodingKey] {
    var path: [any CodingKey] = []
    var slot: DecodingSlot? = self
    while let current = slot {
      if let key = current.key { path.append(key) }
      slot = current.parent
    }
    return path.reversed()
  }

  func path(to key: (any CodingKey)?) -> [any CodingKey] { key.map { codingPath + [$0] } ?? codingPath }

  /// Runs a reading step; what it finds wrong becomes an error that names the keys.
  @inline(__always)
  func reading<Value>(
    _ type: Any.Type, at key: @autoclosure () -> (any CodingKey)? = nil, _ body: () throws(CBORFault) -> Value
  ) throws -> Value {
    do throws(CBORFault) {
      return try body()
    } catch {
      throw error.decodingError(type, at: path(to: key()))
    }
  }

  func checkDepth() throws {
    let reason =
      if depth > CBORBounds.depth {
        "nested deeper than \(CBORBounds.depth) levels"
      } else if input.gauge.isExhausted() {
        "nested too deeply: the thread's stack is used up by its init(from:) calls"
      } else {
        nil as String?
      }
    guard let reason else { return }
    throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: reason))
  }
}

extension DecodingSlot: Decoder {
  var userInfo: [CodingUserInfoKey: Any] { input.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(
      KeyedItemDecoder(
        index: try reading([String: Any].self) { () throws(CBORFault) in
          try MapIndex(self)
        }))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try reading([Any].self) { () throws(CBORFault) in try UnkeyedItemDecoder(self) }
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleItemDecoder(slot: self) }
}
