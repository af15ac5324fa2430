/// The place of one value in the output: what `encode(to:)` sees as its encoder.
///
/// A container's head is one byte, patched with the count when the slot closes. The 24th entry widens it to five bytes.
final class EncodingSlot {
  /// What the value has asked for.
  enum Kind { case empty, single, keyed, unkeyed, byteString }
  /// Open: the content ends where the output ends. Closed: `end` holds. Finished: nothing more may be written.
  enum Phase { case open, closed, finished }

  let output: EncodingOutput
  let parent: EncodingSlot?
  /// The key under which the parent holds this value.
  let key: (any CodingKey)?
  let depth: Int
  /// Whether the value is an `Optional`, whose nil must differ from a content that reads as null.
  let isOptional: Bool
  var kind = Kind.empty
  var phase = Phase.open
  var isWide = false
  var count = 0
  /// Where the item starts, and, once closed, where it ends.
  var start: Int
  var end = 0

  init(
    _ output: EncodingOutput, in parent: EncodingSlot?, at key: (any CodingKey)? = nil, isOptional: Bool = false,
    start: Int? = nil
  ) {
    self.output = output
    self.parent = parent
    self.key = key
    self.isOptional = isOptional
    depth = (parent?.depth ?? -1) + 1
    self.start = start ?? output.count
  }

  /// A slot that takes nothing, for a call that cannot throw.
  static func refusing(_ output: EncodingOutput, in parent: EncodingSlot?, at key: (any CodingKey)?) -> EncodingSlot {
    // Its start means nothing: the output may be complete, and its bytes gone.
    let slot = EncodingSlot(output, in: parent, at: key, start: 0)
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
      output.buffer.pointee[start] = CBORMajor.array
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
      output.buffer.pointee[start] = major | UInt8(truncatingIfNeeded: count)
      return
    }
    output.buffer.pointee[start] = major | 26
    for index in 0..<4 {
      output.buffer.pointee[start + 1 + index] = UInt8(truncatingIfNeeded: count >> (24 - 8 * index))
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
