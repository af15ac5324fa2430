/// The place of one value in the output: what `encode(to:)` sees as its encoder.
///
/// A container's head is one byte, patched with the count when the slot closes. The 24th entry widens it to five bytes.
final class EncodingSlot: ReusableSlot {
  /// What the value has asked for.
  enum Kind { case empty, single, keyed, unkeyed, byteString }
  /// Open: the content ends where the output ends. Closed: `end` holds. Finished: nothing more may be written.
  enum Phase { case open, closed, finished }

  let output: EncodingOutput
  /// Keeps the output while somebody may write to it through this slot; nil while the slot is spare.
  @exclusivity(unchecked) private(set) var memory: EncodingMemory?
  @exclusivity(unchecked) private(set) var parent: EncodingSlot?
  /// The key under which the parent holds this value.
  @exclusivity(unchecked) private(set) var key: (any CodingKey)?
  @exclusivity(unchecked) private var hasKey = false
  @exclusivity(unchecked) private(set) var depth = 0
  /// Whether the value is an `Optional`, whose nil must differ from a content that reads as null.
  @exclusivity(unchecked) private(set) var isOptional = false
  @exclusivity(unchecked) var kind = Kind.empty
  @exclusivity(unchecked) var phase = Phase.open
  @exclusivity(unchecked) var isWide = false
  @exclusivity(unchecked) var count = 0
  /// Where the item starts, and, once closed, where it ends.
  @exclusivity(unchecked) var start = 0
  @exclusivity(unchecked) var end = 0
  /// The container made for this slot last, which holds it, and the type of its keys. Its owner is the slot's frame.
  // SAFETY: used while the slot is, as long as which its frame owns the box.
  @exclusivity(unchecked) private var box: Unmanaged<AnyObject>?
  @exclusivity(unchecked) private var boxKey: ObjectIdentifier?
  /// The same container as long as no frame has taken it over.
  @exclusivity(unchecked) private var newBox: AnyObject?
  /// Whether a frame will take over a new container.
  @exclusivity(unchecked) private var isFramed: Bool

  /// A slot that will be used for many values.
  init(_ memory: EncodingMemory) {
    output = memory.output
    isFramed = true
  }

  /// A slot for one value.
  init(in parent: EncodingSlot, at key: (any CodingKey)?, start: Int? = nil) {
    output = parent.output
    isFramed = false
    memory = parent.memory
    self.parent = parent
    self.key = key
    depth = parent.depth + 1
    self.start = start ?? output.count
  }

  /// Starts a value at the end of the output.
  @inline(__always)
  func begin(_ memory: EncodingMemory?, in parent: EncodingSlot?, at key: (any CodingKey)?, isOptional: Bool) {
    self.memory = memory
    self.parent = parent
    if let key {
      self.key = key
      hasKey = true
    }
    self.isOptional = isOptional
    depth = if let parent { parent.depth + 1 } else { 0 }
    kind = .empty
    phase = .open
    isWide = false
    count = 0
    start = output.count
  }

  /// The same for a value in another.
  @inline(__always)
  func begin(in parent: EncodingSlot, at key: (any CodingKey)?, isOptional: Bool) {
    begin(parent.memory, in: parent, at: key, isOptional: isOptional)
  }

  /// Lets go of everything but the container.
  @inline(__always)
  func clear() {
    memory = nil
    parent = nil
    if hasKey { key = nil }
    hasKey = false
  }

  /// A slot that takes nothing, for a call that cannot throw.
  static func refusing(in parent: EncodingSlot, at key: (any CodingKey)?) -> EncodingSlot {
    // Its start means nothing: the output may be complete, and its bytes gone.
    let slot = EncodingSlot(in: parent, at: key, start: 0)
    slot.phase = .finished
    return slot
  }

  /// The keys from the root to this value.
  var codingPath: [any CodingKey] {
    var path: [any CodingKey] = []
    var slot: EncodingSlot? = self
    while let current = slot {
      if let key = current.key { path.append(key) }
      slot = current.parent
    }
    return path.reversed()
  }

  /// An error at this place. It holds a name for the value, not the value: describing one that is nested too deeply
  /// would overflow the stack.
  func error(_ text: String, of type: Any.Type? = nil) -> EncodingError {
    let name = type.map { "a value of type \($0)" } ?? "a value"
    return .invalidValue(name, .init(codingPath: codingPath, debugDescription: text))
  }
}

// MARK: - Containers

extension EncodingSlot {
  /// A container for keys of a type, the one made before if it has such keys.
  @inline(__always)
  func keyedContainer<Key: CodingKey>(_ type: Key.Type) -> KeyedEncodingContainer<Key> {
    if let box, boxKey == ObjectIdentifier(type) {
      // SAFETY: the box was taken from a container with keys of this type, and its owner, the frame, is in use.
      return RuntimeLayout.container(box.takeUnretainedValue(), type)
    }
    return makeContainer(type)
  }

  @inline(never)
  private func makeContainer<Key: CodingKey>(_ type: Key.Type) -> KeyedEncodingContainer<Key> {
    let container = KeyedEncodingContainer(KeyedItemEncoder<Key>(slot: self))
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

// MARK: - Opening and closing

extension EncodingSlot {
  /// Makes the slot a container of the kind; nil is no kind it can become any more.
  func claim(_ wanted: Kind) -> Bool {
    if kind == wanted { return wanted != .single }
    if kind == .byteString && wanted == .unkeyed { return true }
    guard kind == .empty, phase != .finished else { return false }
    if phase == .open {
      output.surface(self)
      if wanted != .single { output.append(wanted == .keyed ? CBORMajor.map : CBORMajor.array) }
    } else if wanted == .unkeyed {
      output[start] = CBORMajor.array
    }
    kind = wanted
    return true
  }

  /// Completes the head. The slot must be the top one.
  func close() {
    switch kind {
    case .empty: output.append(CBORMajor.map)
    case .single: if count == 0 { output.append(CBORMajor.map) }
    case .keyed, .unkeyed: patchCount()
    case .byteString: break
    }
    end = output.count
    phase = .closed
  }

  func patchCount() {
    let major = kind == .keyed ? CBORMajor.map : CBORMajor.array
    guard isWide else {
      output[start] = major | UInt8(truncatingIfNeeded: count)
      return
    }
    output[start] = major | 26
    for index in 0..<4 {
      output[start + 1 + index] = UInt8(truncatingIfNeeded: count >> (24 - 8 * index))
    }
  }
}

// MARK: - Writing

extension EncodingSlot {
  /// Writes one entry; an error leaves the slot as it was.
  @inline(__always)
  func entry(_ body: () throws -> Void) throws {
    if output.top === self, kind != .byteString, count < 23 || isWide {
      let mark = output.count
      do { try body() } catch {
        output.rollBack(to: mark, self)
        throw error
      }
      count += 1
    } else {
      try slowEntry(body)
    }
  }

  @inline(never)
  private func slowEntry(_ body: () throws -> Void) throws {
    try output.bringForward(self)
    if kind == .byteString { try output.unpack(self) }
    if count >= 23, !isWide { output.widen(self) }
    guard count < Int(UInt32.max) else { throw error("more entries than a container may have (2^32 - 1)") }
    try output.writeEntry(of: self, body)
    count += 1
    if phase == .closed { patchCount() }
  }

  /// Writes the one value of a single-value container.
  @inline(__always)
  func only(_ body: () throws -> Void) throws {
    guard kind == .single, count == 0 else {
      throw output.failure ?? error("a second value in a single-value container")
    }
    if output.top === self {
      let mark = output.count
      do { try body() } catch {
        output.rollBack(to: mark, self)
        throw error
      }
    } else {
      try output.bringForward(self)
      try output.writeEntry(of: self, body)
    }
    count = 1
  }
}
