extension EncodingSlot {
  /// A slot inside this one, which stays open until its parent is written to again.
  ///
  /// Cannot throw, as `nestedContainer` cannot: a failure is noted in the output, and writing to the result throws.
  func nested(_ kind: Kind, at key: any CodingKey, named name: String? = nil) -> EncodingSlot {
    do {
      var result: EncodingSlot?
      try entry {
        if let name { output.write(name) }
        let slot = EncodingSlot(in: self, at: key)
        try slot.checkDepth(nil)
        output.top = slot
        if kind != .empty { _ = slot.claim(kind) }
        result = slot
      }
      if let result { return result }
    } catch {
      if output.failure == nil { output.failure = error as? EncodingError }
    }
    return .refusing(in: self, at: key)
  }

  // SAFETY: the content is the caller's, and copied before this returns.
  /// Makes an empty container one byte string; false if it already has entries.
  func becomeByteString(_ content: UnsafeRawBufferPointer) -> Bool {
    guard output.top === self, kind == .unkeyed, count == 0, !content.isEmpty else { return false }
    output.truncate(to: start)
    output.write(byteString: content)
    kind = .byteString
    count = content.count
    return true
  }
}
