// SAFETY: `make` leaves an element in the memory, which is moved out once.

/// What one get takes out of a queue's memory; decoded afterwards, because code of the user's must not run under a latch.
enum TakenElement<Element: Codable & Sendable>: Sendable {
  case element(Element)
  case bytes([UInt8])
  case damaged

  init(_ bytes: UnsafeRawBufferPointer, _ form: ElementForm<Element>) {
    if !form.isDirect {
      self = .bytes([UInt8](bytes))
      return
    }
    self = withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) { memory in
      let isWhole = form.make(bytes, at: memory.baseAddress!)
      let element = (memory.baseAddress! + 0).move()
      return isWhole ? .element(element) : .damaged
    }
  }

  /// The element, decoded where it must be.
  func element(_ form: ElementForm<Element>) throws -> Element {
    switch self {
    case .element(let element): element
    case .bytes(let bytes): try form.decode(bytes)
    case .damaged: throw ElementForm<Element>.damaged
    }
  }
}
