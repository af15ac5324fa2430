/// What precedes the line program of a unit in `.debug_line`, DWARF 2 to 5.
struct LineProgramHeader {
  /// A source file's name: in the header, or in a string section.
  enum FileName {
    case inline(String)
    case string(section: String, offset: UInt64)
  }

  private(set) var version: UInt16 = 0
  private(set) var is64 = false
  private(set) var minimumInstruction: UInt64 = 1
  private(set) var lineBase: Int8 = 0
  private(set) var lineRange: UInt8 = 1
  private(set) var opcodeBase: UInt8 = 1
  private(set) var operandCounts: [UInt8] = []
  private(set) var files: [FileName] = []
  private(set) var programStart = 0

  /// Reads a unit from its first byte. Nil if anything in it is unknown or does not fit.
  init?(unit bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard readStart(&reader) else { return nil }
    minimumInstruction = UInt64(reader.uint8())
    if version >= 4 { reader.skip(1) }
    reader.skip(1)
    lineBase = Int8(bitPattern: reader.uint8())
    lineRange = reader.uint8()
    opcodeBase = reader.uint8()
    guard lineRange != 0, opcodeBase != 0 else { return nil }
    operandCounts = (1..<max(opcodeBase, 1)).map { _ in reader.uint8() }
    let isComplete = version >= 5 ? readTables(&reader) : readLists(&reader)
    guard isComplete, !reader.isExhausted else { return nil }
  }

  /// The part that says where the program is: all that a search for units needs.
  mutating func readStart(_ reader: inout ByteReader) -> Bool {
    is64 = reader.unitLength().is64
    version = reader.uint16()
    guard (2...5).contains(version) else { return false }
    if version >= 5 {
      guard reader.uint8() == 8 else { return false }  // Address size.
      reader.skip(1)
    }
    let headerLength = reader.unsigned(size: is64 ? 8 : 4)
    guard !reader.isExhausted, headerLength <= UInt64(reader.remaining) else { return false }
    programStart = reader.position + Int(headerLength)
    return true
  }

  /// Directories, then files, each a list of strings that an empty one ends: DWARF 2 to 4. Files count from one.
  private mutating func readLists(_ reader: inout ByteReader) -> Bool {
    while !reader.cString().isEmpty {}
    files = [.inline("")]
    while true {
      let name = reader.cString()
      if name.isEmpty { return true }
      for _ in 0..<3 { _ = reader.uleb() }
      files.append(.inline(name))
    }
  }

  /// Directories, then files, each a self-describing table: DWARF 5. Files count from zero.
  private mutating func readTables(_ reader: inout ByteReader) -> Bool {
    guard readTable(&reader) != nil, let names = readTable(&reader) else { return false }
    files = names
    return true
  }

  private func readTable(_ reader: inout ByteReader) -> [FileName]? {
    let columns = (0..<reader.uint8()).map { _ in (content: reader.uleb(), form: reader.uleb()) }
    let count = reader.uleb()
    // Every form known here takes a byte at least, so the bytes that are left bound the count.
    guard !reader.isExhausted, count <= UInt64(reader.remaining), !columns.isEmpty || count == 0 else { return nil }
    var names: [FileName] = []
    for _ in 0..<count {
      var name = FileName.inline("")
      for column in columns {
        guard let value = readForm(column.form, &reader) else { return nil }
        if column.content == 1 { name = value }  // DW_LNCT_path
      }
      guard !reader.isExhausted else { return nil }
      names.append(name)
    }
    return names
  }

  private func readForm(_ form: UInt64, _ reader: inout ByteReader) -> FileName? {
    switch form {
    case 0x08: return .inline(reader.cString())
    case 0x0e: return .string(section: ".debug_str", offset: reader.unsigned(size: is64 ? 8 : 4))
    case 0x1f: return .string(section: ".debug_line_str", offset: reader.unsigned(size: is64 ? 8 : 4))
    case 0x0b: reader.skip(1)
    case 0x05: reader.skip(2)
    case 0x06: reader.skip(4)
    case 0x07: reader.skip(8)
    case 0x1e: reader.skip(16)
    case 0x0f: _ = reader.uleb()
    case 0x09: reader.skip(reader.uleb())
    default: return nil
    }
    return .inline("")
  }
}
