extension EncodingOutput {
  /// Closes the slots above one, which must be open, so that writing continues there.
  func surface(_ slot: EncodingSlot) {
    while let closing = top, closing !== slot {
      top = closing.parent
      closing.close()
      keepIfHeld(closing)
    }
    top = slot
  }

  /// Remembers a closed slot that a container or a super encoder in user code still refers to.
  private func keepIfHeld(_ slot: consuming EncodingSlot) {
    var slot = slot
    if !isKnownUniquelyReferenced(&slot) { state.pointee.closedEarly.append(slot) }
  }

  /// Completes a value whose `encode(to:)` has returned: nothing may be written to it any more.
  @inline(__always)
  func finish(_ slot: EncodingSlot, returningTo parent: EncodingSlot?) {
    if top !== slot { surface(slot) }
    slot.close()
    slot.phase = .finished
    top = parent
    if !state.pointee.closedEarly.isEmpty { forget(from: slot.start) }
  }

  /// Takes back what was written since `mark`, after an error.
  func rollBack(to mark: Int, _ slot: EncodingSlot) {
    while let open = top, open !== slot {
      open.phase = .finished
      top = open.parent
    }
    top = slot
    forget(from: mark)
    truncate(to: mark)
  }

  private func forget(from mark: Int) {
    if state.pointee.closedEarly.isEmpty { return }
    for slot in state.pointee.closedEarly where slot.start >= mark { slot.phase = .finished }
    state.pointee.closedEarly.removeAll { $0.phase == .finished }
  }

  /// Ends the message: no slot is kept, and what could not be thrown before is thrown.
  func complete() throws {
    while let open = top {
      open.phase = .finished
      top = open.parent
    }
    forget(from: 0)
    if state.pointee.hasFailed, let failure { throw failure }
  }
}
