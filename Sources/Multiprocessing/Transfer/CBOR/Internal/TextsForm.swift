// SAFETY: Sendable, as it stores nothing.
/// An array of strings, written and read without a container.
final class TextsForm: DirectForm, @unchecked Sendable {
  override func write(_ value: UnsafeRawPointer, to output: EncodingOutput) {
    // SAFETY: registered for the array's type, so the memory holds one.
    let texts = value.assumingMemoryBound(to: [String].self).pointee
    // The head that an unkeyed container writes.
    if texts.count >= 24, let count = UInt32(exactly: texts.count) {
      output.append(CBORMajor.array | 26, count)
    } else {
      output.writeHead(CBORMajor.array, UInt64(texts.count))
    }
    for text in texts { output.write(text) }
  }

  // SAFETY: the caller allocated the memory for one array of strings.
  override func read(
    at offset: Int, from input: DecodingInput, to memory: UnsafeMutableRawPointer
  ) throws(CBORFault) -> Bool {
    let array = try input.item(at: offset)
    guard array.major == CBORMajor.array, !array.isIndefinite, array.tag == nil else { return false }
    var texts: [String] = []
    let count = try input.count(of: array, size: 1)
    // Reserved for what may be there, with a bound for a message that only says so.
    texts.reserveCapacity(min(count, 1024))
    var position = array.next
    for _ in 0..<count {
      // Anything unusual is read by the array's own decoding, whose errors name the element.
      guard let text = try? input.item(at: position), text.major == CBORMajor.text, !text.isIndefinite,
        let string = try? input.string(text)
      else { return false }
      texts.append(string)
      position = text.next + Int(text.argument)
    }
    // SAFETY: registered for the array's type, so the memory is for one.
    memory.initializeMemory(as: [String].self, to: texts)
    input.note(offset, endsAt: position)
    return true
  }
}
