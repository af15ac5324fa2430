/// How values of one of the standard library's own types are written and read without their Codable conformance.
class DirectForm: @unchecked Sendable {
  // SAFETY: Sendable, as this class and its subclasses store nothing. `value` points to one value of the type that the
  // form is registered for: both callers look the form up by the static type whose memory they pass.
  func write(_ value: UnsafeRawPointer, to output: EncodingOutput) {}

  // SAFETY: `memory` has room for one value of that type; it is initialised exactly when the result is true.
  /// Reads into uninitialised memory for one value; false if the item has another form.
  func read(
    at offset: Int, from input: DecodingInput, to memory: UnsafeMutableRawPointer
  ) throws(CBORFault) -> Bool { false }

  /// The form of a type, if it has one.
  @inline(__always)
  static func of<T>(_ type: T.Type) -> DirectForm? { table.form(of: ObjectIdentifier(type)) }

  private static let table = DirectFormTable()
}

// SAFETY: Sendable, as nothing is written after `init`.
/// The forms by type: a fixed table with open addressing, filled once, so that a miss costs a few instructions.
private struct DirectFormTable: @unchecked Sendable {
  private struct Entry {
    let type: ObjectIdentifier
    let form: DirectForm
  }

  // SAFETY: Sendable, as the memory is written by `init` only and never freed: the one table is a global constant.
  private let entries: UnsafeMutablePointer<Entry?>

  init() {
    entries = .allocate(capacity: 128)
    entries.initialize(repeating: nil, count: 128)
    add(String.self, ScalarForm<String>())
    add([String].self, TextsForm())
    add(Bool.self, ScalarForm<Bool>())
    add(Int128.self, ScalarForm<Int128>())
    add(UInt128.self, ScalarForm<UInt128>())
    add(Int.self)
    add(Int8.self)
    add(Int16.self)
    add(Int32.self)
    add(Int64.self)
    add(UInt.self)
    add(UInt8.self)
    add(UInt16.self)
    add(UInt32.self)
    add(UInt64.self)
    add(Float.self)
    add(Double.self)
  }

  private func add<E: TypedArrayElement>(_ type: E.Type) {
    add(type, ScalarForm<E>())
    add([E].self, TypedArrayForm<E>())
  }

  private func add<T>(_ type: T.Type, _ form: DirectForm) {
    precondition(MemoryLayout<T>.size <= MemoryLayout<UInt128>.size, "a value is read into a UInt128's memory")
    var index = Self.index(of: ObjectIdentifier(type))
    while entries[index] != nil { index = (index + 1) & 127 }
    entries[index] = Entry(type: ObjectIdentifier(type), form: form)
  }

  @inline(__always)
  func form(of type: ObjectIdentifier) -> DirectForm? {
    var index = Self.index(of: type)
    while let entry = entries[index] {
      if entry.type == type { return entry.form }
      index = (index + 1) & 127
    }
    return nil
  }

  /// Seven bits of the metadata's address, mixed: neighbouring types differ in few low bits.
  @inline(__always)
  private static func index(of type: ObjectIdentifier) -> Int {
    Int(truncatingIfNeeded: (UInt(bitPattern: type) &* 0x9E37_79B9_7F4A_7C15) >> 57)
  }
}
