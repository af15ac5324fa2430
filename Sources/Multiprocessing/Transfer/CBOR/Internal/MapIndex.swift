// SAFETY: names are borrowed for one look-up: from a local string inside its `withUTF8`, or from the input. An entry
// keeps offsets instead, which the input checks again at each use, since it may have been invalidated in between.

/// Where the values of a map lie. The map is read only as far as keys are asked for; the first of equal keys counts.
final class MapIndex {
  private struct Entry {
    /// What all keys are compared by first; of an integer key, none that a text has.
    let fingerprint: TextFingerprint
    /// The key's text, or an integer key.
    var text: Range<Int>
    var integer: Int?
    let value: Int
  }

  private let input: DecodingInput
  /// Where the map starts; -1 while no map is open.
  @exclusivity(unchecked) private var start = -1
  @exclusivity(unchecked) private var depth = 0
  @exclusivity(unchecked) private var entries: [Entry] = []
  /// The entry found last: keys are mostly asked for in the order of the map.
  @exclusivity(unchecked) private var last = -1
  /// Where the next entry starts; before that, where the value that must be skipped first starts.
  @exclusivity(unchecked) private var position = 0
  @exclusivity(unchecked) private var mustSkip = false
  /// Entries not yet read; nil for an indefinite length.
  @exclusivity(unchecked) private var remaining: Int?
  @exclusivity(unchecked) private var hasIntegers = false
  /// Entries by the hash of their key, once there are too many to go through.
  @exclusivity(unchecked) private var byHash: [Int: [Int]]?

  init(_ input: DecodingInput) { self.input = input }

  /// Starts to read the map at an offset, unless it is being read already.
  func open(at offset: Int, depth: Int) throws(CBORFault) {
    guard start != offset else { return }
    let item = try input.item(at: offset)
    guard item.major == CBORMajor.map else { throw .found(item) }
    remaining = item.isIndefinite ? nil : try input.count(of: item, size: 2)
    position = item.next
    self.depth = depth
    start = offset
  }

  /// Forgets the map.
  @inline(__always)
  func clear() {
    guard start >= 0 else { return }
    start = -1
    last = -1
    mustSkip = false
    hasIntegers = false
    if byHash != nil { byHash = nil }
    entries.removeAll(keepingCapacity: entries.count <= 32)
  }

  /// Where the map ends, if all of it was read.
  @inline(__always)
  var end: Int? {
    guard start >= 0, remaining == 0 else { return nil }
    return mustSkip ? input.knownEnd(of: position) : position
  }

  /// The offset of the value under a key.
  @inline(__always)
  func value(for key: some CodingKey) throws(CBORFault) -> Int? {
    var name = key.stringValue
    var fault: CBORFault?
    // Typed throws do not pass through `withUTF8`; a number instead of an optional needs no metadata.
    let found = name.withUTF8 { utf8 -> Int in
      do throws(CBORFault) {
        return try find(UnsafeRawBufferPointer(utf8), key: key)
      } catch {
        fault = error
        return -1
      }
    }
    if let fault { throw fault }
    return found < 0 ? nil : found
  }

  /// The offset, or -1.
  @inline(__always)
  private func find(_ name: UnsafeRawBufferPointer, key: some CodingKey) throws(CBORFault) -> Int {
    let fingerprint = TextFingerprint(name)
    if last >= 0, matches(entries[last], fingerprint, name, key) { return entries[last].value }
    let hasNext = last + 1 < entries.count ? true : try discover()
    if hasNext, matches(entries[last + 1], fingerprint, name, key) {
      last += 1
      return entries[last].value
    }
    return try search(fingerprint, name, key: key)
  }

  @inline(never)
  private func search(
    _ fingerprint: TextFingerprint, _ name: UnsafeRawBufferPointer, key: some CodingKey
  ) throws(CBORFault) -> Int {
    while try discover() {}
    var index: Int?
    if byHash != nil {
      index = indexByHash(name) ?? key.intValue.flatMap { indexOfInteger($0) }
    } else {
      index = entries.firstIndex { matches($0, fingerprint, name, key) }
    }
    guard let index else { return -1 }
    last = index
    return entries[index].value
  }

  @inline(__always)
  private func matches(
    _ entry: Entry, _ fingerprint: TextFingerprint, _ name: UnsafeRawBufferPointer, _ key: some CodingKey
  ) -> Bool {
    if entry.fingerprint == fingerprint { return fingerprint.isWholeText || input.holds(name, at: entry.text) }
    guard let integer = entry.integer else { return false }
    return key.intValue == integer || spells(integer, name)
  }

  private func spells(_ integer: Int, _ name: UnsafeRawBufferPointer) -> Bool {
    String(integer).utf8.elementsEqual(name)
  }

  // MARK: Going through the map

  /// Reads one more entry; false at the end. Entries whose key was there before, or is no text or integer, are skipped.
  private func discover() throws(CBORFault) -> Bool {
    while true {
      if mustSkip {
        position = try input.end(of: position, depth: depth + 1)
        mustSkip = false
      }
      if let remaining {
        if remaining == 0 { return false }
      } else if input.isBreak(at: position) {
        return false
      }
      let key = try input.item(at: position)
      if key.major == CBORMajor.text, !key.isIndefinite {
        position = key.next + (try input.content(of: key)).count
      } else {
        position = try input.end(of: position, depth: depth + 1)
      }
      // Not before the key was read: one that cannot be is no end of the map.
      if let remaining { self.remaining = remaining - 1 }
      mustSkip = true
      if let entry = try entry(key, value: position), isNew(entry) {
        append(entry)
        return true
      }
    }
  }

  private func entry(_ key: CBORItem, value: Int) throws(CBORFault) -> Entry? {
    switch key.major {
    case CBORMajor.text where !key.isIndefinite:
      let text = key.next..<key.next + Int(key.argument)
      return Entry(fingerprint: input.fingerprint(text), text: text, value: value)
    case CBORMajor.unsigned, CBORMajor.negative:
      guard let integer = try? input.integer(key, as: Int.self) else { return nil }
      return Entry(fingerprint: .none, text: 0..<0, integer: integer, value: value)
    default: return nil
    }
  }

  private func isNew(_ entry: Entry) -> Bool {
    if byHash != nil { return withName(of: entry) { indexByHash($0) } == nil }
    if hasIntegers || entry.integer != nil { return isNewByName(entry) }
    for other in entries where other.fingerprint == entry.fingerprint {
      if entry.fingerprint.isWholeText || input.holds(input.bytes(in: entry.text), at: other.text) { return false }
    }
    return true
  }

  private func isNewByName(_ entry: Entry) -> Bool {
    for other in entries where withName(of: entry, { name in withName(of: other) { $0.elementsEqual(name) } }) {
      return false
    }
    return true
  }

  private func append(_ entry: Entry) {
    entries.append(entry)
    if entry.integer != nil { hasIntegers = true }
    if byHash != nil {
      addToHash(entries.count - 1)
    } else if entries.count > 16 {
      byHash = [:]
      for index in entries.indices { addToHash(index) }
    }
  }

  // MARK: Many keys

  private func withName<Value>(of entry: Entry, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    guard let integer = entry.integer else { return body(input.bytes(in: entry.text)) }
    var name = String(integer)
    return name.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }

  /// Seeded for each process, so that no message can be made whose keys all fall together.
  private func hash(_ name: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: name)
    return hasher.finalize()
  }

  private func addToHash(_ index: Int) {
    byHash?[withName(of: entries[index], hash), default: []].append(index)
  }

  private func indexByHash(_ name: UnsafeRawBufferPointer) -> Int? {
    byHash?[hash(name)]?.first { index in withName(of: entries[index]) { $0.elementsEqual(name) } }
  }

  private func indexOfInteger(_ integer: Int) -> Int? {
    let index = withName(of: Entry(fingerprint: .none, text: 0..<0, integer: integer, value: 0)) { indexByHash($0) }
    return index.flatMap { entries[$0].integer == nil ? nil : $0 }
  }

  /// Every key of the map that a key type accepts, in the order of the map.
  func allKeys<Key: CodingKey>(_ type: Key.Type) throws(CBORFault) -> [Key] {
    while try discover() {}
    return entries.compactMap { entry in
      if let integer = entry.integer { return Key(intValue: integer) ?? Key(stringValue: String(integer)) }
      guard let name = String(validating: input.bytes(in: entry.text), as: UTF8.self) else { return nil }
      return Key(stringValue: name)
    }
  }
}
