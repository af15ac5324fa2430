// Finding where an item ends. A loop, not a recursion: the nesting of a hostile message must not cost stack.
extension DecodingInput {
  /// Where the item at an offset ends, which lies `depth` levels deep.
  @inline(__always)
  func end(of offset: Int, depth: Int) throws(CBORFault) -> Int {
    if offset == state.pointee.lastStart { return state.pointee.lastEnd }
    let head = try head(at: offset)
    if head.major <= CBORMajor.negative || (head.major == CBORMajor.simple && !head.isIndefinite) { return head.next }
    return try end(of: head, at: offset, depth: depth)
  }

  @inline(never)
  private func end(of first: CBORItem, at offset: Int, depth: Int) throws(CBORFault) -> Int {
    let head = first.major == CBORMajor.tag ? try tagged(first) : first
    if let end = try endIfLeaf(head, at: offset) { return end }
    var outer: [OpenItem] = []
    var open = try OpenItem(head, at: offset, in: self, depth: depth)
    var position = head.next
    while true {
      if open.isComplete(at: position, in: self) {
        position = open.isIndefinite ? position + 1 : position
        if position - open.start > 1024 { state.pointee.knownEnds[open.start] = position }
        guard let next = outer.popLast() else { return position }
        open = next
      } else {
        open.takeEntry()
        let item = try self.item(at: position)
        if let end = try endIfLeaf(item, at: position) {
          position = end
        } else {
          outer.append(open)
          open = try OpenItem(item, at: position, in: self, depth: depth + outer.count)
          position = item.next
        }
      }
    }
  }

  /// The end of an item that holds no others, or whose end is known already.
  @inline(__always)
  private func endIfLeaf(_ head: CBORItem, at offset: Int) throws(CBORFault) -> Int? {
    switch head.major {
    case CBORMajor.bytes, CBORMajor.text:
      if head.isIndefinite { return try endOfChunks(head) }
      return head.next + (try content(of: head)).count
    case CBORMajor.array, CBORMajor.map:
      return state.pointee.knownEnds.isEmpty ? nil : state.pointee.knownEnds[offset]
    case CBORMajor.simple where head.isIndefinite:
      throw .corrupted("an end where no indefinite-length item is open")
    default:
      return head.next
    }
  }

  private func endOfChunks(_ head: CBORItem) throws(CBORFault) -> Int {
    var position = head.next
    while !isBreak(at: position) {
      let chunk = try self.head(at: position)
      guard chunk.major == head.major, !chunk.isIndefinite else { throw .corrupted("a chunk of another kind") }
      position = chunk.next + (try content(of: chunk)).count
    }
    return position + 1
  }
}

/// An array or map in the middle of which the search for an end is.
private struct OpenItem {
  let start: Int
  let isIndefinite: Bool
  private let isMap: Bool
  /// Items still to come; of an indefinite length, how many there were.
  private var items: Int

  init(_ head: CBORItem, at start: Int, in input: DecodingInput, depth: Int) throws(CBORFault) {
    guard depth <= CBORBounds.depth else { throw .corrupted("nested deeper than \(CBORBounds.depth) levels") }
    self.start = start
    isIndefinite = head.isIndefinite
    isMap = head.major == CBORMajor.map
    let size = isMap ? 2 : 1
    items = isIndefinite ? 0 : size * (try input.count(of: head, size: size))
  }

  /// Whether nothing more belongs to it. A map may not end between a key and its value.
  @inline(__always)
  func isComplete(at position: Int, in input: DecodingInput) -> Bool {
    guard isIndefinite else { return items == 0 }
    return input.isBreak(at: position) && !(isMap && items % 2 == 1)
  }

  @inline(__always)
  mutating func takeEntry() { items += isIndefinite ? 1 : -1 }
}
