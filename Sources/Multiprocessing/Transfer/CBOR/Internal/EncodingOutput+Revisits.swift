// Writing to a container after its parent has been written to again, as `nestedContainer` and `superEncoder` allow:
//
//     var first = container.nestedUnkeyedContainer(forKey: .first)
//     var second = container.nestedUnkeyedContainer(forKey: .second)
//     try first.encode(1)
//
// The rare case pays: the entry is written at the end of the output, moved into its place, and every slot behind it is
// told its new position.
extension EncodingOutput {
  /// Makes a slot ready for one more entry, closing what lies above it if it is still open.
  func bringForward(_ slot: EncodingSlot) throws {
    switch slot.phase {
    case .open:
      guard isOpen(slot) else { throw slot.error("the container is not in use at this place") }
      surface(slot)
    case .closed: break
    case .finished:
      if let failure { throw failure }
      throw slot.error("the container was used after the encode(to:) that made it had ended")
    }
  }

  private func isOpen(_ slot: EncodingSlot) -> Bool {
    var open = top
    while let current = open, current !== slot { open = current.parent }
    return open != nil
  }

  /// Writes an entry into a slot that was brought forward, wherever it lies.
  func writeEntry(of slot: EncodingSlot, _ body: () throws -> Void) throws {
    let mark = count
    let previous = top
    top = slot
    do { try body() } catch {
      rollBack(to: mark, slot)
      top = previous
      throw error
    }
    guard slot.phase == .closed else { return }
    surface(slot)
    top = previous
    moveTail(from: mark, to: slot)
    if slot.kind == .single {
      // The empty map that stood for a value not yet given.
      splice(slot.start..<slot.start + 1, [])
    }
  }

  private func moveTail(from mark: Int, to slot: EncodingSlot) {
    let place = slot.end
    let tail = Array(content[mark...])
    truncate(to: mark)
    replace(place..<place, with: tail)
    forEachSlot { other in
      if other.start >= mark {
        other.start += place - mark
        other.end += place - mark
        return
      }
      // An equal end belongs to the slot itself or to what contains it; what it contains starts behind it.
      if other.end > place || (other.end == place && other.start <= slot.start) { other.end += tail.count }
      if other.start >= place { other.start += tail.count }
    }
  }

  /// Replaces bytes at or behind a slot's head.
  private func splice(_ range: Range<Int>, _ replacement: [UInt8]) {
    replace(range, with: replacement)
    let change = replacement.count - range.count
    forEachSlot { other in
      if other.start >= range.upperBound { other.start += change }
      if other.end >= range.upperBound { other.end += change }
    }
  }

  private func forEachSlot(_ body: (EncodingSlot) -> Void) {
    state.pointee.closedEarly.forEach(body)
    var open = top
    while let slot = open {
      if slot.phase == .open { body(slot) }
      open = slot.parent
    }
  }

  /// Makes room for a count of four bytes.
  func widen(_ slot: EncodingSlot) {
    slot.isWide = true
    splice(slot.start + 1..<slot.start + 1, [0, 0, 0, 0])
  }

  /// Turns a byte string back into an array of numbers, because something else follows in the same container.
  func unpack(_ slot: EncodingSlot) throws {
    let end = slot.phase == .open ? count : slot.end
    var items: [UInt8] = [0, 0, 0, 0, 0]
    for byte in Array(content[(end - slot.count)..<end]) {
      if byte >= 24 { items.append(CBORMajor.unsigned | 24) }
      items.append(byte)
    }
    slot.kind = .unkeyed
    slot.isWide = true
    splice(slot.start..<end, items)
    if slot.phase == .closed { slot.patchCount() }
  }
}
