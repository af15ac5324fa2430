/// The section table of a 64-bit little-endian ELF file: the only kind Swift's Linux targets of today produce.
struct ELFFile: Sendable {
  /// A part of the file, not yet read.
  struct Section: Sendable {
    var name: String
    var type: UInt32
    var flags: UInt64
    var offset: UInt64
    var size: UInt64
    var link: Int

    fileprivate mutating func cut(to fileSize: UInt64) {
      if offset <= fileSize, size <= fileSize - offset { return }
      (type, offset, size) = (0, 0, 0)
    }
  }

  /// In the order of the file. One that is not wholly in the file is of type zero and empty.
  let sections: [Section]
  /// The first section of each name. A damaged file may have tens of thousands, too many to search again and again.
  private let indices: [String: Int]

  /// Nil for a file of another kind, or one whose section table is missing or lies outside it.
  init?(_ file: ImageFile) {
    guard let bytes = file.bytes(at: 0, count: 64), bytes.starts(with: Self.identification) else { return nil }
    var header = ByteReader(bytes, from: 40)
    let tableOffset = header.uint64()
    header.skip(10)
    guard header.uint16() == UInt16(Self.entrySize), tableOffset != 0 else { return nil }
    var count = UInt64(header.uint16())
    var namesIndex = Int(header.uint16())
    // Numbers that do not fit the header are in the first entry of the table.
    guard let first = file.bytes(at: tableOffset, count: Self.entrySize).map(Self.entry) else { return nil }
    if count == 0 { count = first.section.size }
    if namesIndex == 0xffff { namesIndex = first.section.link }
    guard count <= Self.largestCount, let table = file.bytes(at: tableOffset, count: count * Self.entrySize) else {
      return nil
    }
    let entries = (0..<Int(count)).map { Self.entry(Array(table[$0 * 64..<($0 + 1) * 64])) }
    guard entries.indices.contains(namesIndex) else { return nil }
    let names = entries[namesIndex].section
    let sections = entries.map { entry in
      var section = entry.section
      section.name = Self.string(at: UInt64(entry.name), in: names, of: file, longest: 64) ?? ""
      section.cut(to: file.size)
      return section
    }
    self.sections = sections
    indices = Dictionary(sections.indices.map { (sections[$0].name, $0) }) { first, _ in first }
  }

  /// Class 64, little-endian, version 1.
  private static let identification: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]
  private static let entrySize: UInt64 = 64
  private static let largestCount: UInt64 = 1 << 16

  private static func entry(_ bytes: [UInt8]) -> (name: UInt32, section: Section) {
    var reader = ByteReader(bytes)
    let name = reader.uint32()
    let type = reader.uint32()
    let flags = reader.uint64()
    reader.skip(8)
    let offset = reader.uint64()
    let size = reader.uint64()
    let link = Int(reader.uint32())
    return (name, Section(name: "", type: type, flags: flags, offset: offset, size: size, link: link))
  }
}

extension ELFFile {
  private static let emptyType: UInt32 = 8  // SHT_NOBITS
  private static let compressedFlag: UInt64 = 0x800  // SHF_COMPRESSED

  /// The section of that name, unless it is compressed or has no bytes in the file.
  func section(named name: String) -> Section? {
    let section = indices[name].map { sections[$0] }
    return section.flatMap {
      $0.type != Self.emptyType && $0.flags & Self.compressedFlag == 0 && $0.size > 0 ? $0 : nil
    }
  }

  /// The first section of that type.
  func section(ofType type: UInt32) -> Section? { sections.first { $0.type == type } }

  /// The text at `offset` of a string section: no more than `longest` bytes of it. Nil outside the section.
  static func string(at offset: UInt64, in section: Section, of file: ImageFile, longest: UInt64) -> String? {
    guard section.type != emptyType, offset < section.size else { return nil }
    let (start, overflow) = section.offset.addingReportingOverflow(offset)
    guard !overflow, start < file.size else { return nil }
    let count = min(longest, section.size - offset, file.size - start)
    return file.bytes(at: start, count: count).map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
