import Foundation

/// A small ELF file, written section by section.
struct ELFImage {
  struct Section {
    var name: String
    var type: UInt32 = 1
    var flags: UInt64 = 0
    var bytes: [UInt8]
    var link = ""
  }

  var sections: [Section]

  /// Header, contents, then the section table.
  var bytes: [UInt8] {
    let all = [Section(name: "", type: 0, bytes: [])] + sections + [Section(name: ".shstrtab", type: 3, bytes: names)]
    var contents: [UInt8] = []
    var table: [UInt8] = []
    var nameOffset: UInt32 = 0
    for section in all {
      let link = all.firstIndex { $0.name == section.link } ?? 0
      table += nameOffset.littleEndianBytes + section.type.littleEndianBytes + section.flags.littleEndianBytes
      table += UInt64(0).littleEndianBytes + UInt64(64 + contents.count).littleEndianBytes
      table += UInt64(section.bytes.count).littleEndianBytes + UInt32(link).littleEndianBytes
      table += UInt32(0).littleEndianBytes + UInt64(1).littleEndianBytes + UInt64(0).littleEndianBytes
      nameOffset += UInt32(section.name.utf8.count + 1)
      contents += section.bytes
    }
    var header: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + Array(repeating: 0, count: 33)
    header += UInt64(64 + contents.count).littleEndianBytes + Array(repeating: 0, count: 10)
    header += UInt16(64).littleEndianBytes + UInt16(all.count).littleEndianBytes
    header += UInt16(all.count - 1).littleEndianBytes
    return header + contents + table
  }

  private var names: [UInt8] {
    [0] + sections.flatMap { Array($0.name.utf8) + [0] } + Array(".shstrtab".utf8) + [0]
  }

  subscript(name: String) -> [UInt8] {
    get { sections.first { $0.name == name }?.bytes ?? [] }
    set {
      sections.removeAll { $0.name == name }
      sections.append(Section(name: name, bytes: newValue))
    }
  }
}

extension [UInt8] {
  /// The last place where `pattern` stands.
  func lastRange(of pattern: [UInt8]) -> Range<Int>? {
    ranges(of: pattern).last
  }
}

extension FixedWidthInteger {
  var littleEndianBytes: [UInt8] {
    withUnsafeBytes(of: littleEndian) { Array($0) }
  }
}

extension ELFImage {
  /// A function "outer" at 0x1000 to 0x1040 in "a.swift": 0x1000 is line 5, 0x1010 line 7, 0x1020 line 0. From 0x1020
  /// on it is a runtime failure inlined on line 9.
  static func sample(lineVersion: UInt16 = 4) -> ELFImage {
    let symbol: [UInt8] =
      UInt32(1).littleEndianBytes + [0x12, 0, 1, 0] + UInt64(0x1000).littleEndianBytes
      + UInt64(0x40).littleEndianBytes
    var image = ELFImage(sections: [
      Section(name: ".symtab", type: 2, bytes: symbol, link: ".strtab"),
      Section(name: ".strtab", type: 3, bytes: [0] + Array("outer".utf8) + [0]),
    ])
    image[".debug_line_str"] = Array("/src/a.swift".utf8) + [0]
    image[".debug_line"] = lineUnit(version: lineVersion)
    image[".debug_abbrev"] = abbreviations
    image[".debug_info"] = entries
    image[".debug_ranges"] =
      [0x1020, 0x1028, 0x1028, 0x1040, 0, 0].flatMap { UInt64($0).littleEndianBytes }
    return image
  }

  /// Set address, then rows by standard and special opcodes.
  private static let lineProgram: [UInt8] =
    [5, 3, 0, 9, 2] + UInt64(0x1000).littleEndianBytes
    + [3, 4, 1]  // line 5
    + [2, 0x10, 3, 2, 1]  // 0x1010, line 7
    + [2, 0x10, 3, 0x79, 1]  // 0x1020, line 0
    + [2, 0x20, 0, 1, 1]  // 0x1040, end

  static func lineUnit(version: UInt16, is64: Bool = false) -> [UInt8] {
    func offset(_ value: Int) -> [UInt8] {
      is64 ? UInt64(value).littleEndianBytes : UInt32(value).littleEndianBytes
    }
    let parameters: [UInt8] =
      [1] + (version >= 4 ? [1] : []) + [1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]
    let lists: [UInt8] = [0] + Array("a.swift".utf8) + [0, 0, 0, 0, 0]
    // Directories: one by inline text. Files: two by offset, with a checksum of 16 bytes.
    let file = offset(0) + Array(repeating: 7, count: 16)
    let tables: [UInt8] = [1, 1, 8, 1] + Array("/src".utf8) + [0] + [2, 1, 0x1f, 5, 0x1e, 2] + file + file
    let header = parameters + (version >= 5 ? tables : lists)
    let start = version.littleEndianBytes + (version >= 5 ? [8, 0] : []) + offset(header.count)
    let unit = start + header + lineProgram
    return (is64 ? UInt32.max.littleEndianBytes : []) + offset(unit.count) + unit
  }

  private static let abbreviations: [UInt8] = [
    1, 0x11, 1, 0x10, 0x17, 0x11, 0x01, 0, 0,  // unit: line table, low address
    2, 0x2e, 1, 0x6e, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0,  // function: linkage name, bounds
    3, 0x1d, 0, 0x31, 0x13, 0x55, 0x17, 0x58, 0x0b, 0x59, 0x21, 9, 0, 0,  // inlined: origin, ranges, file, line 9
    4, 0x2e, 0, 0x03, 0x08, 0, 0,  // abstract function: name
    0,
  ]

  private static let entries: [UInt8] = {
    let failure: [UInt8] = [4] + Array("Swift runtime failure: arithmetic overflow".utf8) + [0]
    let head: [UInt8] = [1] + UInt32(0).littleEndianBytes + UInt64(0).littleEndianBytes
    // The header takes 11 bytes, so the abstract function starts after it and the unit's entry.
    let origin = UInt32(11 + head.count)
    let function: [UInt8] =
      [2] + Array("outer".utf8) + [0] + UInt64(0x1000).littleEndianBytes + UInt32(0x40).littleEndianBytes
    let inlined: [UInt8] = [3] + origin.littleEndianBytes + UInt32(0).littleEndianBytes + [1]
    let unit =
      UInt16(4).littleEndianBytes + UInt32(0).littleEndianBytes + [8] + head + failure + function + inlined + [0, 0]
    return UInt32(unit.count).littleEndianBytes + unit
  }()
}

/// A file of given bytes, removed with its last reference.
final class TemporaryFile {
  let path = NSTemporaryDirectory() + "image-\(UUID().uuidString)"

  init(_ bytes: [UInt8]) throws {
    try write(bytes)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func write(_ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}
