/// The place of one value in the input: what `init(from:)` sees as its decoder.
final class DecodingSlot: ReusableSlot {
  let input: DecodingInput
  /// Keeps the input while somebody may read it through this slot; nil while the slot is spare.
  @exclusivity(unchecked) private(set) var memory: DecodingMemory?
  @exclusivity(unchecked) private(set) var parent: DecodingSlot?
  /// The key under which the parent holds this value.
  @exclusivity(unchecked) private(set) var key: (any CodingKey)?
  @exclusivity(unchecked) private var hasKey = false
  @exclusivity(unchecked) private(set) var depth = 0
  /// Whether the value is an `Optional`, whose nil differs from a content that reads as null.
  @exclusivity(unchecked) private(set) var isOptional = false
  @exclusivity(unchecked) private(set) var offset = 0
  /// Where the values of the map lie, if the value has asked for a keyed container.
  let index: MapIndex
  /// The container made for this slot last, which holds it, and the type of its keys. Its owner is the slot's frame.
  // SAFETY: used while the slot is, as long as which its frame owns the box.
  @exclusivity(unchecked) private var box: Unmanaged<AnyObject>?
  @exclusivity(unchecked) private var boxKey: ObjectIdentifier?
  /// The same container as long as no frame has taken it over.
  @exclusivity(unchecked) private var newBox: AnyObject?
  /// Whether a frame will take over a new container.
  @exclusivity(unchecked) private var isFramed: Bool

  /// A slot that will be used for many values.
  init(_ memory: DecodingMemory) {
    input = memory.input
    index = MapIndex(memory.input)
    isFramed = true
  }

  /// A slot for one value.
  init(
    _ memory: DecodingMemory?, _ input: DecodingInput, in parent: DecodingSlot?, at key: (any CodingKey)?, offset: Int
  ) {
    self.input = input
    self.memory = memory
    index = MapIndex(input)
    isFramed = false
    begin(memory, in: parent, at: key, offset: offset, isOptional: false)
  }

  /// Starts a value.
  @inline(__always)
  func begin(
    _ memory: DecodingMemory?, in parent: DecodingSlot?, at key: (any CodingKey)?, offset: Int, isOptional: Bool
  ) {
    self.memory = memory
    self.parent = parent
    if let key {
      self.key = key
      hasKey = true
    }
    self.offset = offset
    self.isOptional = isOptional
    depth = if let parent { parent.depth + 1 } else { 0 }
  }

  /// Lets go of everything but the container.
  @inline(__always)
  func clear() {
    memory = nil
    parent = nil
    if hasKey { key = nil }
    hasKey = false
    index.clear()
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

  @inline(__always)
  func checkDepth() throws {
    if depth > CBORBounds.depth { throw tooDeep("nested deeper than \(CBORBounds.depth) levels") }
    if input.state.pointee.gauge.isExhausted() {
      throw tooDeep("nested too deeply: the thread's stack is used up by its init(from:) calls")
    }
  }

  @inline(never)
  private func tooDeep(_ reason: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath, debugDescription: reason))
  }
}

// MARK: - Containers

extension DecodingSlot {
  /// A container for keys of a type, the one made before if it has such keys.
  @inline(__always)
  fileprivate func keyedContainer<Key: CodingKey>(_ type: Key.Type) -> KeyedDecodingContainer<Key> {
    if let box, boxKey == ObjectIdentifier(type) {
      // SAFETY: the box was taken from a container with keys of this type, and its owner, the frame, is in use.
      return RuntimeLayout.decodingContainer(box.takeUnretainedValue(), type)
    }
    return makeContainer(type)
  }

  @inline(never)
  private func makeContainer<Key: CodingKey>(_ type: Key.Type) -> KeyedDecodingContainer<Key> {
    let container = KeyedDecodingContainer(KeyedItemDecoder<Key>(slot: self))
    if isFramed, newBox == nil, let box = RuntimeLayout.box(of: container) {
      newBox = box
      // SAFETY: owned by `newBox`, then by the frame.
      self.box = Unmanaged.passUnretained(box)
      boxKey = ObjectIdentifier(type)
    }
    return container
  }

  /// The container that was made for the present value, for the frame to own.
  @inline(__always)
  func takeNewBox() -> AnyObject? {
    guard newBox != nil else { return nil }
    return newBox.take()
  }

  func abandon() {
    isFramed = false
    (box, boxKey) = (nil, nil)
    // The container holds this slot: without that they would keep each other.
    newBox = nil
  }
}

extension DecodingSlot: Decoder {
  var userInfo: [CodingUserInfoKey: Any] { input.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try reading([String: Any].self) { () throws(CBORFault) in try index.open(at: offset, depth: depth) }
    return keyedContainer(type)
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try reading([Any].self) { () throws(CBORFault) in try UnkeyedItemDecoder(self) }
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleItemDecoder(slot: self) }
}
