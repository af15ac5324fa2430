/// The shape of an entry in `.debug_info`: its tag, and which attributes it has in which form.
struct DebugAbbreviation {
  struct Attribute {
    var name: UInt64
    var form: DebugForm
    /// The value of a form that keeps it here.
    var constant: UInt64
  }

  var tag: UInt64
  var hasChildren: Bool
  var attributes: [Attribute]
  /// The bytes of all attributes, if that is the same for each entry of this shape.
  var fixedSize: Int?

  /// Tags and attribute names that are looked at, as DWARF numbers them.
  enum Tag {
    static let compileUnit: UInt64 = 0x11
    static let inlinedSubroutine: UInt64 = 0x1d
    static let subprogram: UInt64 = 0x2e
  }

  enum Name {
    static let name: UInt64 = 0x03
    static let lineTable: UInt64 = 0x10
    static let lowAddress: UInt64 = 0x11
    static let highAddress: UInt64 = 0x12
    static let abstractOrigin: UInt64 = 0x31
    static let specification: UInt64 = 0x47
    static let ranges: UInt64 = 0x55
    static let callFile: UInt64 = 0x58
    static let callLine: UInt64 = 0x59
    static let linkageName: UInt64 = 0x6e
    static let stringOffsetsBase: UInt64 = 0x72
    static let addressBase: UInt64 = 0x73
    static let rangeListsBase: UInt64 = 0x74
  }

  /// All of a unit's shapes by code, or those up to `code`.
  static func table(in bytes: [UInt8], is64: Bool, until code: UInt64? = nil) -> [UInt64: DebugAbbreviation] {
    var reader = ByteReader(bytes)
    var table: [UInt64: DebugAbbreviation] = [:]
    while !reader.isAtEnd {
      let key = reader.uleb()
      if key == 0 { break }
      let abbreviation = read(&reader, is64: is64)
      if reader.isExhausted { break }
      table[key] = abbreviation
      if key == code { break }
    }
    return table
  }

  private static func read(_ reader: inout ByteReader, is64: Bool) -> DebugAbbreviation {
    var result = DebugAbbreviation(
      tag: reader.uleb(), hasChildren: reader.uint8() != 0, attributes: [], fixedSize: 0)
    while true {
      let name = reader.uleb()
      let form = DebugForm(code: reader.uleb())
      // The end of the list, and the end of the bytes.
      if name == 0, form.code == 0 { return result }
      let constant = form.code == 0x21 ? UInt64(bitPattern: reader.sleb()) : 0
      result.attributes.append(Attribute(name: name, form: form, constant: constant))
      if let size = form.size(is64: is64), let sum = result.fixedSize {
        result.fixedSize = sum + size
      } else {
        result.fixedSize = nil
      }
    }
  }
}
