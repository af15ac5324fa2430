/// A compilation unit of `.debug_info`.
struct DebugUnit {
  /// Of the unit in the section, and of its first entry in the unit.
  let offset: UInt64
  let firstEntry: Int
  /// Of the whole unit, its own length field included.
  let size: UInt64
  let version: UInt16
  let is64: Bool
  let abbreviations: UInt64
  /// False for a unit of another kind, to be stepped over.
  let isSupported: Bool
  /// What the first entry says of the unit, once that has been read.
  var attributes: [UInt64: DebugForm.Value] = [:]

  /// Enough for the header and the first entry.
  static let headSize: UInt64 = 4096

  /// Reads the header at the start of `head`.
  init?(head: [UInt8], offset: UInt64, available: UInt64) {
    var reader = ByteReader(head)
    let (length, is64) = reader.unitLength()
    let lengthSize: UInt64 = is64 ? 12 : 4
    guard !reader.isExhausted, length > 0, length <= available, lengthSize <= available - length else { return nil }
    self.offset = offset
    self.is64 = is64
    size = length + lengthSize
    version = reader.uint16()
    var isCompilation = true
    if version >= 5 {
      isCompilation = reader.uint8() == 1  // DW_UT_compile
      reader.skip(1)
    }
    let abbreviations = reader.unsigned(size: is64 ? 8 : 4)
    if version < 5 { reader.skip(1) }
    self.abbreviations = abbreviations
    firstEntry = reader.position
    isSupported = isCompilation && (2...5).contains(version) && !reader.isExhausted
  }

  /// The attributes of the first entry, if it is a compilation unit's; else none.
  func attributes(head: [UInt8], abbreviations bytes: [UInt8]) -> [UInt64: DebugForm.Value] {
    guard let (shape, start) = firstEntry(head: head, abbreviations: bytes) else { return [:] }
    var reader = start
    return Self.values(of: shape, &reader, is64: is64) ?? [:]
  }

  /// The offset of the unit's line table: what `attributes` has too, in a fraction of the time.
  func lineTable(head: [UInt8], abbreviations bytes: [UInt8]) -> UInt64? {
    guard let (shape, start) = firstEntry(head: head, abbreviations: bytes) else { return nil }
    var reader = start
    for attribute in shape.attributes {
      if attribute.name == DebugAbbreviation.Name.lineTable {
        let value = attribute.form.read(&reader, is64: is64)
        if case .number(let offset)? = value, !reader.isExhausted { return offset }
        return nil
      }
      guard attribute.form.skip(&reader, is64: is64) else { return nil }
    }
    return nil
  }

  private func firstEntry(head: [UInt8], abbreviations: [UInt8]) -> (DebugAbbreviation, ByteReader)? {
    var reader = ByteReader(head, from: firstEntry)
    let code = reader.uleb()
    guard let shape = DebugAbbreviation.table(in: abbreviations, is64: is64, until: code)[code],
      shape.tag == DebugAbbreviation.Tag.compileUnit
    else { return nil }
    return (shape, reader)
  }

  /// All attributes of an entry; nil when one of them has an unknown form.
  static func values(
    of shape: DebugAbbreviation, _ reader: inout ByteReader, is64: Bool
  ) -> [UInt64: DebugForm.Value]? {
    var values: [UInt64: DebugForm.Value] = [:]
    for attribute in shape.attributes {
      guard let value = attribute.form.read(&reader, is64: is64), !reader.isExhausted else { return nil }
      values[attribute.name] = attribute.form.code == 0x21 ? .number(attribute.constant) : value
    }
    return values
  }

  /// A section offset among the attributes.
  func base(_ name: UInt64) -> UInt64? {
    if case .number(let value)? = attributes[name] { value } else { nil }
  }
}
